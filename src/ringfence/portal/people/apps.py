from django.apps import AppConfig


class PeopleApp(AppConfig):
    name = "ringfence.portal.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"
