from django.apps import AppConfig


class PhoneCertificatesApp(AppConfig):
    name = "ringfence.portal.phonecertificates"
    label = "phonecertificates"
    default_auto_field = "django.db.models.BigAutoField"
