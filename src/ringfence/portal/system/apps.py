from django.apps import AppConfig


class SystemApp(AppConfig):
    name = "ringfence.portal.system"
    label = "system"
    default_auto_field = "django.db.models.BigAutoField"
