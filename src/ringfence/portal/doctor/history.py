"""Keeps what the doctor said: one examination a day by itself, and each that somebody asks for."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils import timezone

from ringfence.doctor.facts import Facts
from ringfence.doctor.report import Report, examined
from ringfence.portal.doctor import gather
from ringfence.portal.doctor.host import host
from ringfence.portal.doctor.models import Examination

KEPT_DAYS: Final = 400
MOST: Final = 2_000
SHOWN: Final = 60
A_DAY: Final = timedelta(hours=23)


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


def plot() -> dict[str, Any]:
    """The scores of the last examinations for the chart; times in Unix seconds, oldest first."""
    rows = list(Examination.objects.values_list("at", "score")[:SHOWN])[::-1]
    return {"times": [int(at.timestamp()) for at, _ in rows], "scores": [score for _, score in rows]}
