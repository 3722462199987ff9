"""`manage backups`: makes backups that are due, until it is stopped."""

import signal
import time
from typing import Any

from django.core.management.base import BaseCommand
from django.db import close_old_connections

from ringfence.portal.backups.work import begin, make_due
from ringfence.portal.steps import Steps

PAUSE = 1.0


class Command(BaseCommand):
    help = "Makes backups. Runs until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _stop)
        steps = Steps()
        while steps.take("backups begun before", begin) is None:
            time.sleep(PAUSE)
        while True:
            steps.take("backups", make_due)
            close_old_connections()
            time.sleep(PAUSE)


def _stop(number: int, frame: Any) -> None:
    raise SystemExit(0)
