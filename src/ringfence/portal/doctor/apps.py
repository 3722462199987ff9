from django.apps import AppConfig


class DoctorApp(AppConfig):
    name = "ringfence.portal.doctor"
    label = "doctor"
    default_auto_field = "django.db.models.BigAutoField"
