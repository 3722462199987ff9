from django.apps import AppConfig


class WebAccessApp(AppConfig):
    name = "ringfence.portal.webaccess"
    label = "webaccess"
    default_auto_field = "django.db.models.BigAutoField"
