"""Calls by hour and by day, for charts."""

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import CharField, Count, Func, Q
from django.utils import timezone

from ringfence.portal.actor import Actor
from ringfence.portal.calls.models import CallRecord

HOURS: Final = 24
DAYS: Final = 30
HOUR: Final = "%Y-%m-%d %H"
DAY: Final = "%Y-%m-%d"


class Stamp(Func):
    """The beginning of a time as text, up to its day or hour (UTC).

    Cut out by the database itself: on SQLite Django's Trunc functions call Python for each row.
    """

    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1, %(length)s)", **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        text = "TO_CHAR(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')"
        return self.as_sql(compiler, connection, template=f"SUBSTR({text}, 1, %(length)s)", **more)


def calls_by_hour(actor: Actor) -> dict[str, Any]:
    """Attempts and answered calls of the last 24 hours."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    return _counted(actor, [now - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)], HOUR)


def calls_by_day(actor: Actor) -> dict[str, Any]:
    """Attempts and answered calls of the last 30 days (UTC)."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    return _counted(actor, [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)], DAY)


def _counted(actor: Actor, starts: list[datetime], form: str) -> dict[str, Any]:
    """One number for each step; the starts of the steps as Unix time."""
    names = [start.strftime(form) for start in starts]
    recent = CallRecord.objects.visible_to(actor).filter(started_at__gte=starts[0]).order_by()
    found = recent.annotate(step=Stamp("started_at", length=len(names[0]))).values("step")
    counted = {
        row["step"]: row
        for row in found.annotate(attempts=Count("id"), answered=Count("id", filter=Q(answered_at__isnull=False)))
    }
    rows = [counted.get(name, {"attempts": 0, "answered": 0}) for name in names]
    return {
        "times": [int(start.timestamp()) for start in starts],
        "attempts": [row["attempts"] for row in rows],
        "answered": [row["answered"] for row in rows],
    }
