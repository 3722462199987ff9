from django.apps import AppConfig


class TransportsApp(AppConfig):
    name = "ringfence.portal.transports"
    label = "transports"
    default_auto_field = "django.db.models.BigAutoField"
