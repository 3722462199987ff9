from django.apps import AppConfig


class AuditApp(AppConfig):
    name = "ringfence.portal.audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
