"""The portal: people, tenants, settings, REST API and pages. One app per noun, the same files in each."""
