from django.apps import AppConfig


class NetworkApp(AppConfig):
    name = "ringfence.portal.network"
    label = "network"
    default_auto_field = "django.db.models.BigAutoField"
