"""Keeps what attacks looked like, from the guard's events: small sums instead of the events themselves.

Events and place are stored in one transaction, so nothing is counted twice, whatever is killed when.
"""

import time
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from django.db import transaction
from django.db.models import F

from ringfence.policy.events import Kind
from ringfence.portal import guard
from ringfence.portal.calls.models import EventCursor
from ringfence.portal.security.history_models import AttackCase, AttackMinute, AttackSource

CURSOR: Final = "attacks"
KINDS: Final = (Kind.BAN_ADDED, Kind.BAN_SPARED, Kind.REQUEST_REFUSED, Kind.ALARM_RAISED)
BATCH: Final = 1_000
KEPT_DAYS: Final = 30
KEPT_CASES: Final = 200
MOST_SOURCES: Final = 5_000
"""Sources remembered for one day: those with the fewest bans go first."""

MOST_REASONS: Final = 50
OTHER: Final = "other"
LONGEST: Final = 64


class What(StrEnum):
    """What became of an attack."""

    BANNED = "banned"
    SPARED = "spared"
    REFUSED = "refused"
    ALARM = "alarm"


@dataclass(slots=True)
class _Sums:
    minutes: Counter[tuple[int, str, str]] = field(default_factory=Counter)
    sources: dict[tuple[int, str], tuple[int, str, float]] = field(default_factory=dict)
    cases: list[AttackCase] = field(default_factory=list)


def take_history() -> int:
    """Takes what is new; returns how many events there were. Raises Refused when the guard is down."""
    row = EventCursor.objects.filter(name=CURSOR).first()
    position = row.position if row else 0
    kinds = [str(kind) for kind in KINDS]
    answer = guard.ask("events.since", cursor=position, kinds=kinds, limit=BATCH, wait=0)
    after = 0 if answer.get("last", answer["cursor"]) < position else answer["cursor"]
    if after == position:
        return 0
    sums = summed(answer["events"])
    with transaction.atomic():
        _store(sums)
        EventCursor.objects.update_or_create(name=CURSOR, defaults={"position": after})
    return len(answer["events"])


def summed(events: list[dict[str, Any]]) -> _Sums:
    """The sums of some events; what a broken event says is left out."""
    sums = _Sums()
    for event in events:
        try:
            _add(sums, event)
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
    return sums


def _add(sums: _Sums, event: dict[str, Any]) -> None:
    at, count = float(event["t"]), 1
    match event["kind"]:
        case Kind.BAN_ADDED:
            what, why = What.BANNED, _text(event, "rule")
            _add_source(sums, event, at, why)
        case Kind.BAN_SPARED:
            what, why = What.SPARED, _text(event, "why")
        case Kind.REQUEST_REFUSED:
            what, why, count = What.REFUSED, _text(event, "rule"), max(1, int(event.get("count") or 1))
        case Kind.ALARM_RAISED:
            what, why = What.ALARM, _text(event, "alarm")
        case _:
            return
    sums.minutes[int(at // 60), what.value, why] += count
    if what in (What.BANNED, What.SPARED):
        detail = str(event.get("reason") or event.get("protects") or "")[:300]
        sums.cases.append(AttackCase(at=at, what=what.value, source=_text(event, "address"), why=why, detail=detail))


def _add_source(sums: _Sums, event: dict[str, Any], at: float, why: str) -> None:
    key = (int(at // 86_400), _text(event, "address"))
    bans, _, _ = sums.sources.get(key, (0, "", 0.0))
    sums.sources[key] = (bans + 1, why, at)


def _text(event: dict[str, Any], name: str) -> str:
    return str(event.get(name) or "-").replace("\0", "")[:LONGEST]


def _store(sums: _Sums) -> None:
    for (minute, what, why), count in sums.minutes.items():
        _count(minute, what, why, count)
    for (day, source), (bans, why, at) in sums.sources.items():
        row = AttackSource.objects.get_or_create(day=day, source=source, defaults={"why": why, "last_at": at})[0]
        AttackSource.objects.filter(pk=row.pk).update(bans=F("bans") + bans, why=why, last_at=at)
    AttackCase.objects.bulk_create(sums.cases[-KEPT_CASES:], batch_size=200)
    _trim({day for day, _ in sums.sources})


def _count(minute: int, what: str, why: str, count: int) -> None:
    """A minute has a bounded number of reasons; hostile input cannot invent more."""
    known = AttackMinute.objects.filter(minute=minute, what=what)
    if not known.filter(why=why).update(count=F("count") + count):
        name = why if known.count() < MOST_REASONS else OTHER
        row = AttackMinute.objects.get_or_create(minute=minute, what=what, why=name)[0]
        AttackMinute.objects.filter(pk=row.pk).update(count=F("count") + count)


def _trim(days: set[int]) -> None:
    now = time.time()
    AttackMinute.objects.filter(minute__lt=now // 60 - KEPT_DAYS * 1440).delete()
    AttackSource.objects.filter(day__lt=now // 86_400 - KEPT_DAYS).delete()
    for day in days:
        most = AttackSource.objects.filter(day=day).order_by("-bans", "-last_at").values_list("pk", flat=True)
        AttackSource.objects.filter(pk__in=list(most[MOST_SOURCES : MOST_SOURCES + 500])).delete()
    edge = AttackCase.objects.values_list("pk", flat=True)[KEPT_CASES : KEPT_CASES + 1].first()
    if edge is not None:
        AttackCase.objects.filter(pk__lte=edge).delete()
