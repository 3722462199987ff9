"""What the security dashboard shows: attacks over time, from where, why blocked, what was spared and why."""

import time
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Max, Sum
from django.utils.translation import gettext_lazy as _

from ringfence.portal import guard
from ringfence.portal.problems import Refused
from ringfence.portal.security.history import What
from ringfence.portal.security.history_models import AttackCase, AttackMinute, AttackSource
from ringfence.portal.tables.table import Text

BLOCKED_AGENT: Final = "source.user_agent"
SHOWN: Final = 10


@dataclass(frozen=True, slots=True)
class Span:
    """A time to look back at, cut into steps of so many minutes."""

    title: Text
    minutes: int
    step: int


SPANS: Final = {
    "hour": Span(_("1 hour"), 60, 1),
    "day": Span(_("24 hours"), 1440, 30),
    "week": Span(_("7 days"), 7 * 1440, 180),
    "month": Span(_("30 days"), 30 * 1440, 1440),
}
STANDARD: Final = "day"


def span_of(name: str) -> str:
    return name if name in SPANS else STANDARD


def chart(name: str, of: str) -> dict[str, Any]:
    """Counts of each step; times in Unix seconds.

    Bans and refused requests differ by magnitudes, so each has a chart of its own.
    """
    span = SPANS[span_of(name)]
    last = int(time.time() // 60) // span.step
    steps = list(range(last - span.minutes // span.step + 1, last + 1))
    counted: dict[tuple[int, str], int] = {}
    rows = AttackMinute.objects.filter(minute__gte=steps[0] * span.step)
    for minute, what, count in rows.values_list("minute", "what", "count"):
        key = (minute // span.step, what)
        counted[key] = counted.get(key, 0) + count
    series = [
        {"label": str(label), "color": color, "values": [counted.get((step, what.value), 0) for step in steps]}
        for what, label, color in CHARTS.get(of, CHARTS[BANS])
    ]
    return {"times": [step * span.step * 60 for step in steps], "step": span.step * 60, "series": series}


BANS: Final = "bans"
CHARTS: Final = {
    BANS: ((What.SPARED, _("Spared"), "--tblr-yellow"), (What.BANNED, _("Bans"), "--tblr-red")),
    "requests": ((What.REFUSED, _("Refused requests"), "--tblr-azure"),),
}


def facts(name: str) -> dict[str, Any]:
    """Everything but the chart."""
    chosen = span_of(name)
    since = int(time.time() // 60) - SPANS[chosen].minutes
    reasons = _reasons(since)
    return {
        "chosen": chosen,
        "cards": _cards(reasons),
        "why": reasons[What.BANNED][:SHOWN],
        "spared": reasons[What.SPARED][:SHOWN],
        "refused": reasons[What.REFUSED][:SHOWN],
        "sources": _sources(since),
        "cases": list(AttackCase.objects.all()[:SHOWN]),
        **_standing(),
    }


def _reasons(since: int) -> dict[What, list[tuple[str, int]]]:
    found: dict[What, list[tuple[str, int]]] = {what: [] for what in What}
    rows = AttackMinute.objects.filter(minute__gte=since).values("what", "why").annotate(sum=Sum("count"))
    for row in rows.order_by("-sum"):
        found[What(row["what"])].append((row["why"], row["sum"]))
    return found


def _cards(reasons: dict[What, list[tuple[str, int]]]) -> list[dict[str, Any]]:
    agents = sum(count for why, count in reasons[What.REFUSED] if why == BLOCKED_AGENT)
    return [
        _card(_("Bans"), _total(reasons[What.BANNED]), "shield-x", "red"),
        _card(_("Spared"), _total(reasons[What.SPARED]), "shield-check", "yellow"),
        _card(_("Refused requests"), _total(reasons[What.REFUSED]) - agents, "ban", "azure"),
        _card(_("From blocked user agents"), agents, "phone-off", "purple"),
    ]


def _total(rows: list[tuple[str, int]]) -> int:
    return sum(count for _, count in rows)


def _card(title: Text, value: int, icon: str, color: str) -> dict[str, Any]:
    return {"title": title, "value": value, "icon": icon, "color": color}


def _sources(since: int) -> list[dict[str, Any]]:
    rows = AttackSource.objects.filter(day__gte=since // 1440).values("source")
    most = rows.annotate(sum=Sum("bans"), last=Max("last_at"), rule=Max("why")).order_by("-sum", "-last")
    return [dict(row) for row in most[:SHOWN]]


def _standing() -> dict[str, Any]:
    """What the guard says of this moment."""
    try:
        status = guard.ask("status")
        alarms = guard.listed("alarms.list", "alarms")
    except Refused as refused:
        return {"guard_down": refused.detail}
    counted = status.get("kernel") or {}
    kernel = [(text, counted[name]) for name, text in KERNEL.items() if name in counted]
    return {"blocked_now": status.get("bans", 0), "alarms": alarms, "kernel": kernel}


KERNEL: Final = {
    "dropped_banned": _("from blocked addresses"),
    "dropped_level_1": _("beyond the rate of level 1"),
    "dropped_level_2": _("beyond the rate of level 2"),
    "dropped_unknown": _("beyond what strangers share"),
    "dropped_connections": _("connections beyond what a stranger may hold"),
    "dropped_blocked": _("from block entries"),
    "dropped_voice_link": _("beyond the limit on the voice VLAN"),
    "dropped_link": _("strangers at the link to the SBC's host"),
}
