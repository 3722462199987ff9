from django.apps import AppConfig


class TenantsApp(AppConfig):
    name = "ringfence.portal.tenants"
    label = "tenants"
    default_auto_field = "django.db.models.BigAutoField"
