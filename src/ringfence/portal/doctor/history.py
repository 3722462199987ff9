"""Keeps what the doctor said: one examination a day by itself, and each that somebody asks for."""

import logging
import threading
import time
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import Error, close_old_connections
from django.utils import timezone

from ringfence.doctor.facts import Facts
from ringfence.doctor.report import Report, examined
from ringfence.portal.doctor import gather
from ringfence.portal.doctor.host import host
from ringfence.portal.doctor.models import Examination
from ringfence.portal.problems import Refused

KEPT_DAYS: Final = 400
MOST: Final = 2_000
SHOWN: Final = 60
A_DAY: Final = timedelta(hours=23)
EVERY: Final = 1_800.0
"""Seconds between two looks whether a day is over."""

log = logging.getLogger(__name__)


def examine() -> Report:
    """The system as it is now."""
    return examined(Facts(gather.settings(), host()))


def keep(report: Report, now: datetime | None = None) -> Examination:
    """Stores the result, and forgets what is too old or too much."""
    at = now or timezone.now()
    row = Examination.objects.create(
        at=at,
        score=report.score,
        checks=report.asked,
        found=[finding.check.id for finding in report.findings],
        **report.counts(),
    )
    Examination.objects.filter(at__lt=at - timedelta(days=KEPT_DAYS)).delete()
    edge = Examination.objects.values_list("pk", flat=True)[MOST : MOST + 1].first()
    if edge is not None:
        Examination.objects.filter(pk__lte=edge).delete()
    return row


def keep_daily() -> int:
    """Examines unless that was done during the last day; called every hour."""
    if Examination.objects.filter(at__gt=timezone.now() - A_DAY).exists():
        return 0
    keep(examine())
    return 1


def keep_in_background() -> None:
    """In a thread of its own: a host that is slow to look at holds up no call record."""
    threading.Thread(target=_keep_for_ever, name="doctor", daemon=True).start()


def _keep_for_ever() -> None:
    while True:
        time.sleep(EVERY)
        try:
            keep_daily()
        except (Error, Refused, OSError) as error:
            log.error("the system cannot be examined: %s", error)
        close_old_connections()


def plot() -> dict[str, Any]:
    """The scores of the last examinations for the chart; times in Unix seconds, oldest first."""
    rows = list(Examination.objects.values_list("at", "score")[:SHOWN])[::-1]
    return {"times": [int(at.timestamp()) for at, _ in rows], "scores": [score for _, score in rows]}
