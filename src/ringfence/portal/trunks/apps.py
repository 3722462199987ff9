from django.apps import AppConfig


class TrunksApp(AppConfig):
    name = "ringfence.portal.trunks"
    label = "trunks"
    default_auto_field = "django.db.models.BigAutoField"
