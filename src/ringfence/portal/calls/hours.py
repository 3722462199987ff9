"""Calls by hour and by day, for charts, in the time zone of whoever looks (a tenant's own; UTC above the tenants)."""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import CharField, Count, Func, Q
from django.utils import timezone

from ringfence.portal.actor import Actor
from ringfence.portal.calls.models import CallRecord

HOURS: Final = 24
DAYS: Final = 30
HOUR: Final = "%Y-%m-%d %H"
MINUTE: Final = "%Y-%m-%d %H:%M"


class Stamp(Func):
    """The beginning of a time as text, up to its hour or minute (UTC).

    Cut out by the database itself: on SQLite Django's Trunc functions call Python for each row.
    """

    output_field = CharField()

    def as_sqlite(self, compiler: Any, connection: Any, **more: Any) -> Any:
        return self.as_sql(compiler, connection, template="SUBSTR(%(expressions)s, 1, %(length)s)", **more)

    def as_postgresql(self, compiler: Any, connection: Any, **more: Any) -> Any:
        text = "TO_CHAR(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
        return self.as_sql(compiler, connection, template=f"SUBSTR({text}, 1, %(length)s)", **more)


def calls_by_hour(actor: Actor) -> dict[str, Any]:
    """Attempts and answered calls of the last 24 hours."""
    now = timezone.localtime().replace(minute=0, second=0, microsecond=0)
    return _counted(actor, [now - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)])


def calls_by_day(actor: Actor) -> dict[str, Any]:
    """Attempts and answered calls of the last 30 days, which begin when the day begins where the tenant is."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return _counted(actor, [today - timedelta(days=back) for back in range(DAYS - 1, -1, -1)])


def _counted(actor: Actor, starts: list[datetime]) -> dict[str, Any]:
    """One number for each step; the starts of the steps as Unix time, and how far local time is ahead of UTC."""
    moments = [start.timestamp() for start in starts]
    attempts, answered = [0] * len(starts), [0] * len(starts)
    for at, tried, taken in _by_stamp(actor, starts[0]):
        step = bisect_right(moments, at) - 1
        if step >= 0:
            attempts[step] += tried
            answered[step] += taken
    ahead = starts[-1].utcoffset() or timedelta()
    return {
        "times": [int(moment) for moment in moments],
        "attempts": attempts,
        "answered": answered,
        "ahead": int(ahead.total_seconds()),
    }


def _by_stamp(actor: Actor, since: datetime) -> Iterator[tuple[float, int, int]]:
    """Calls by hour; by minute in a zone that is ahead by part of an hour, where hours of UTC are cut in two."""
    ahead = since.utcoffset() or timedelta()
    form = MINUTE if ahead % timedelta(hours=1) else HOUR
    recent = CallRecord.objects.visible_to(actor).filter(started_at__gte=since).order_by()
    found = recent.annotate(step=Stamp("started_at", length=len(since.strftime(form)))).values("step")
    for row in found.annotate(attempts=Count("id"), answered=Count("id", filter=Q(answered_at__isnull=False))):
        at = datetime.strptime(row["step"], form).replace(tzinfo=UTC)
        yield at.timestamp(), row["attempts"], row["answered"]
