"""`manage ingest`: keeps call records up to date and retries pending publishes, until it is stopped."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from ringfence.portal.acme.work import work_in_background
from ringfence.portal.calls import ingest
from ringfence.portal.doctor import history
from ringfence.portal.trunks import names


class Command(BaseCommand):
    help = "Stores finished calls and puts pending changes in force. Runs until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _stop)
        names.follow_in_background()
        history.keep_in_background()
        work_in_background()
        ingest.Loop().run()


def _stop(number: int, frame: Any) -> None:
    raise SystemExit(0)
