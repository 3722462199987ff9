from django.apps import AppConfig


class WebphoneApp(AppConfig):
    name = "ringfence.portal.webphone"
    label = "webphone"
    default_auto_field = "django.db.models.BigAutoField"
