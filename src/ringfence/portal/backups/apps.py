from django.apps import AppConfig


class BackupsApp(AppConfig):
    name = "ringfence.portal.backups"
    label = "backups"
    default_auto_field = "django.db.models.BigAutoField"
