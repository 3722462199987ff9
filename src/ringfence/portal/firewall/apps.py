from django.apps import AppConfig


class FirewallApp(AppConfig):
    name = "ringfence.portal.firewall"
    label = "firewall"
    default_auto_field = "django.db.models.BigAutoField"
