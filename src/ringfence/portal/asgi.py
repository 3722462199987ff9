"""The web application for uvicorn: `uvicorn ringfence.portal.asgi:application --uds SOCKET --no-proxy-headers`."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ringfence.portal.settings")

application = get_asgi_application()
