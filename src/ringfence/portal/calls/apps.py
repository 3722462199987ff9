from django.apps import AppConfig


class CallsApp(AppConfig):
    name = "ringfence.portal.calls"
    label = "calls"
    default_auto_field = "django.db.models.BigAutoField"
