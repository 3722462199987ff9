from django.apps import AppConfig


class NoticesApp(AppConfig):
    name = "ringfence.portal.notices"
    label = "notices"
    default_auto_field = "django.db.models.BigAutoField"
