from django.apps import AppConfig


class AnsweringApp(AppConfig):
    name = "ringfence.portal.answering"
    label = "answering"
    default_auto_field = "django.db.models.BigAutoField"
