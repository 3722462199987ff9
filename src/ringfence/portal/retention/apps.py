from django.apps import AppConfig


class RetentionApp(AppConfig):
    name = "ringfence.portal.retention"
    label = "retention"
    default_auto_field = "django.db.models.BigAutoField"
