from django.apps import AppConfig


class RecordingsApp(AppConfig):
    name = "ringfence.portal.recordings"
    label = "recordings"
    default_auto_field = "django.db.models.BigAutoField"
