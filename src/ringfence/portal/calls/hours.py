"""Calls by hour for the dashboard's chart."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, Q
from django.db.models.functions import TruncHour
from django.utils import timezone

from ringfence.portal.actor import Actor
from ringfence.portal.calls.models import CallRecord

HOURS = 24


def calls_by_hour(actor: Actor) -> dict[str, Any]:
    """Attempts and answered calls of the last 24 hours; hours as Unix time."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    hours = [now - timedelta(hours=back) for back in range(HOURS - 1, -1, -1)]
    recent = CallRecord.objects.visible_to(actor).filter(started_at__gte=hours[0]).order_by()
    found = recent.annotate(hour=TruncHour("started_at")).values("hour")
    counted = {
        row["hour"]: row
        for row in found.annotate(attempts=Count("id"), answered=Count("id", filter=Q(answered_at__isnull=False)))
    }
    empty = {"attempts": 0, "answered": 0}
    rows = [counted.get(hour, empty) for hour in hours]
    return {
        "hours": [int(hour.timestamp()) for hour in hours],
        "attempts": [row["attempts"] for row in rows],
        "answered": [row["answered"] for row in rows],
    }
