from django.apps import AppConfig


class ProvisioningApp(AppConfig):
    name = "ringfence.portal.provisioning"
    label = "provisioning"
    default_auto_field = "django.db.models.BigAutoField"
