from django.apps import AppConfig


class SecurityApp(AppConfig):
    name = "ringfence.portal.security"
    label = "security"
    default_auto_field = "django.db.models.BigAutoField"
