from django.apps import AppConfig


class VoicemailApp(AppConfig):
    name = "ringfence.portal.voicemail"
    label = "voicemail"
    default_auto_field = "django.db.models.BigAutoField"
