from django.apps import AppConfig


class OutboundApp(AppConfig):
    name = "ringfence.portal.outbound"
    label = "outbound"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from ringfence.portal.lookups import SOURCES
        from ringfence.portal.outbound.compiling import PLANS, WORLD

        SOURCES["plan"] = PLANS
        SOURCES["world"] = WORLD
