from django.apps import AppConfig


class RestApp(AppConfig):
    name = "ringfence.portal.rest"
    label = "rest"
    default_auto_field = "django.db.models.BigAutoField"
