from django.apps import AppConfig


class SignInApp(AppConfig):
    name = "ringfence.portal.signin"
    label = "signin"
    default_auto_field = "django.db.models.BigAutoField"
