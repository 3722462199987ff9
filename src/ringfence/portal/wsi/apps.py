from django.apps import AppConfig


class WsiApp(AppConfig):
    name = "ringfence.portal.wsi"
    label = "wsi"
