from django.apps import AppConfig


class AcmeApp(AppConfig):
    name = "ringfence.portal.acme"
    label = "acme"
    default_auto_field = "django.db.models.BigAutoField"
