from django.apps import AppConfig


class InboundApp(AppConfig):
    name = "ringfence.portal.inbound"
    label = "inbound"
    default_auto_field = "django.db.models.BigAutoField"
