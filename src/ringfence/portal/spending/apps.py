from django.apps import AppConfig


class SpendingApp(AppConfig):
    name = "ringfence.portal.spending"
    label = "spending"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ringfence.portal.spending.published import register

        register()
