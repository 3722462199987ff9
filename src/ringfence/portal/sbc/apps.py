from django.apps import AppConfig


class SbcApp(AppConfig):
    name = "ringfence.portal.sbc"
    label = "sbc"
    default_auto_field = "django.db.models.BigAutoField"
