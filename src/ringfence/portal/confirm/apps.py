from django.apps import AppConfig


class ConfirmApp(AppConfig):
    name = "ringfence.portal.confirm"
    label = "confirm"
    default_auto_field = "django.db.models.BigAutoField"
