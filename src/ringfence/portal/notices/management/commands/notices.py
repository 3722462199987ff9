"""`manage notices`: tells what happens by e-mail, webhook and syslog, until it is stopped."""

import signal
import time
from typing import Any

from django.core.management.base import BaseCommand

from ringfence.portal.notices.aside import Aside
from ringfence.portal.notices.collect import collect
from ringfence.portal.notices.deliver import deliver_due
from ringfence.portal.steps import Steps
from ringfence.portal.voicemail.mail import mail_due

PAUSE = 0.5


class Command(BaseCommand):
    help = "Delivers notices. Runs until SIGTERM."

    def handle(self, *args: Any, **options: Any) -> None:
        signal.signal(signal.SIGTERM, _stop)
        steps, letters = Steps(), Aside(mail_due)
        while True:
            collected = steps.take("events", collect)
            steps.take("deliveries", deliver_due)
            steps.take("voicemail", letters)
            if collected is None:
                time.sleep(PAUSE)


def _stop(number: int, frame: Any) -> None:
    raise SystemExit(0)
