"""`manage wsi`: serves the event socket on a Unix socket behind nginx, until it is stopped."""

import asyncio
from typing import Any

from django.core.management.base import BaseCommand

from ringfence.portal import places
from ringfence.portal.wsi.server import serve


class Command(BaseCommand):
    help = "Serves the WebSocket Interface. Runs until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        places.PATHS.wsi_socket.unlink(missing_ok=True)
        asyncio.run(serve(places.PATHS.wsi_socket))
