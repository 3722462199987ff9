"""Turns events into notices that wait for delivery. Events and place are stored together: none is lost or skipped."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from django.db import transaction

from ringfence.policy.events import Kind
from ringfence.portal import guard
from ringfence.portal.notices.models import Destination, Notice, Progress
from ringfence.portal.notices.topics import LEDGER_KINDS, OF_ACTION, OF_KIND, REFUSED_SIGN_INS, STORM, Topic, summary
from ringfence.portal.people.models import Person
from ringfence.portal.wsi.sources import Item, audit_page

BATCH: Final = 500
WAIT: Final = 1.0
STORM_SECONDS: Final = 60.0
CALM_SECONDS: Final = 600.0
MOST_BAN_TIMES: Final = 1_000
MOST_WAITING: Final = 10_000
"""Notices that wait for one destination; beyond that the oldest go, and are counted."""


def collect() -> int:
    """Takes what is new; returns how many events there were. Raises Refused when the guard is down."""
    progress = Progress.objects.filter(pk=1).first()
    if progress is None:
        Progress.objects.create(pk=1, ledger=_ledger(1 << 61, 0)["last"], audit=audit_page(1 << 61).last)
        return 0
    return _take_audit(progress) + _take_ledger(progress)


def _ledger(cursor: int, wait: float) -> dict[str, Any]:
    kinds = [str(kind) for kind in LEDGER_KINDS]
    answer: dict[str, Any] = guard.ask("events.since", wait + 5, cursor=cursor, kinds=kinds, limit=BATCH, wait=wait)
    return answer


def _take_audit(progress: Progress) -> int:
    page = audit_page(progress.audit)
    if page.after == progress.audit:
        return 0
    with transaction.atomic():
        _queue(page.items, progress)
        progress.audit = page.after
        progress.save(update_fields=["audit"])
    return len(page.items)


def _take_ledger(progress: Progress) -> int:
    answer = _ledger(progress.ledger, WAIT)
    after = 0 if answer.get("last", answer["cursor"]) < progress.ledger else int(answer["cursor"])
    if after == progress.ledger:
        return 0
    events = [_item(event) for event in answer["events"]]
    with transaction.atomic():
        _queue(events, progress)
        progress.ledger = after
        progress.save(update_fields=["ledger", "ban_times"])
    return len(events)


def _item(event: dict[str, Any]) -> Item:
    from ringfence.portal.wsi.cursor import Stream

    return Item(Stream.LEDGER, int(event["id"]), str(event["kind"]), float(event["t"]), event)


def _queue(items: Iterable[Item], progress: Progress) -> None:
    destinations = list(Destination.objects.filter(enabled=True))
    found: list[Notice] = []
    for item in items:
        for destination in destinations:
            found += [Notice(destination=destination, body=body) for body in _told(item, destination)]
        if item.kind == Kind.BAN_ADDED:
            progress.ban_times = [*progress.ban_times, item.at][-MOST_BAN_TIMES:]
            found += _storms(item.at, progress.ban_times, destinations)
    Notice.objects.bulk_create(found, batch_size=200)
    for destination in destinations:
        _bound(destination)


def _told(item: Item, destination: Destination) -> Iterator[dict[str, Any]]:
    wanted = set(destination.topics)
    topic = topic_of(item)
    if topic in wanted or Topic.ALL in wanted:
        yield body_of(f"{item.stream.value}-{item.number}", item.kind, item.at, _plain(item.event))


def topic_of(item: Item) -> Topic | None:
    """The topic besides "everything" that this event belongs to."""
    if item.event.get("action") in REFUSED_SIGN_INS:
        return Topic.SIGN_IN_FAILURES if _is_administrator(item.event) else None
    return OF_ACTION.get(str(item.event.get("action"))) or OF_KIND.get(Kind(item.kind))


def _is_administrator(event: dict[str, Any]) -> bool:
    number = str(event.get("object_id", ""))
    person = Person.objects.filter(pk=int(number)).first() if number.isdecimal() else None
    return person is not None and person.administers


def _plain(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name not in ("id", "t", "kind")}


def body_of(number: str, kind: str, at: float, event: dict[str, Any]) -> dict[str, Any]:
    """A notice as every destination gets it."""
    time = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return {"id": number, "kind": str(kind), "time": time, "summary": summary(kind, event), "event": event}


def _storms(now: float, ban_times: list[float], destinations: list[Destination]) -> list[Notice]:
    """One notice when the bans of a minute reach the destination's number, and then not again before it was calm."""
    recent = sum(1 for at in ban_times if now - at < STORM_SECONDS)
    found = []
    for destination in destinations:
        if not {Topic.BAN_STORMS, Topic.ALL} & set(destination.topics) or recent < destination.storm_bans:
            continue
        if now - destination.storm_told >= CALM_SECONDS:
            event = {"count": recent, "limit": destination.storm_bans, "seconds": STORM_SECONDS}
            found.append(Notice(destination=destination, body=body_of(f"storm-{now:.0f}", STORM, now, event)))
        destination.storm_told = now
        destination.save(update_fields=["storm_told"])
    return found


def _bound(destination: Destination) -> None:
    waiting = destination.notices.order_by("-pk")
    edge = waiting.values_list("pk", flat=True)[MOST_WAITING : MOST_WAITING + 1].first()
    if edge is None:
        return
    destination.lost += destination.notices.filter(pk__lte=edge).delete()[0]
    destination.save(update_fields=["lost"])
