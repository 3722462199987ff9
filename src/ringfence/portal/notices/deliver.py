"""Takes waiting notices to where they belong: a batch at a time, again and again with growing pauses, at least once."""

import secrets
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Final

from django.db import connections
from django.db.models import Q
from django.utils import timezone

from ringfence.policy.sentence import Sentence
from ringfence.portal.notices import mail, syslog, webhook
from ringfence.portal.notices.means import TIMEOUT, Batch, Mail, Means, NotDelivered, Syslog, Webhook, wishes_of
from ringfence.portal.notices.models import Destination
from ringfence.portal.sealing import SealBroken, unseal

BATCH: Final = 100
FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 900.0
KEPT: Final = timedelta(days=3)
"""What cannot be delivered for so long is dropped and counted."""

MAIL_PAUSE: Final = timedelta(seconds=30)
"""Between two mails of one destination: what happens meanwhile shares the next one."""

AT_ONCE: Final = 32
ROUND: Final = 2 * TIMEOUT
"""Seconds that all wait for the slowest one."""
LONGEST_ERROR: Final = 300

_threads: Final = ThreadPoolExecutor(AT_ONCE, "notices")
_under_way: Final[dict[int, Future[int]]] = {}
"""By destination: it has one batch at a time."""


def deliver_due() -> int:
    """One batch for each destination that is due, side by side. How many were taken.

    A peer that hangs, or answers a byte at a time, holds up nobody else: it is left to itself after `ROUND`.
    """
    now = timezone.now()
    due = Destination.objects.filter(enabled=True, notices__isnull=False).distinct()
    due = due.filter(Q(retry_at=None) | Q(retry_at__lte=now))
    for item in due:
        if item.pk not in _under_way and not _rests(item):
            _under_way[item.pk] = _threads.submit(_in_thread, item)
    wait(_under_way.values(), ROUND)
    ended = [key for key, one in _under_way.items() if one.done()]
    return sum(_under_way.pop(key).result() for key in ended)


def _rests(destination: Destination) -> bool:
    last = destination.delivered_at
    return destination.means == Means.EMAIL and last is not None and timezone.now() - last < MAIL_PAUSE


def _in_thread(destination: Destination) -> int:
    try:
        return deliver(destination)
    finally:
        connections.close_all()


def deliver(destination: Destination) -> int:
    """Sends the oldest notices of one destination; returns how many it took."""
    _drop_old(destination)
    waiting = list(destination.notices.order_by("pk")[:BATCH])
    if not waiting:
        return 0
    try:
        told = send(destination, Batch(f"{destination.pk}-{waiting[0].pk}", [notice.body for notice in waiting]))
    except NotDelivered as error:
        _failed(destination, str(error))
        return 0
    destination.notices.filter(pk__in=[notice.pk for notice in waiting]).delete()
    _delivered(destination, told)
    return len(waiting)


def _drop_old(destination: Destination) -> None:
    dropped = destination.notices.filter(made_at__lt=timezone.now() - KEPT).delete()[0]
    if dropped:
        destination.lost += dropped
        destination.save(update_fields=["lost"])


def send(destination: Destination, batch: Batch) -> Sentence:
    """Whom it did not reach while it reached others; a new attempt would tell these twice. Raises NotDelivered."""
    wishes = wishes_of(destination.means, destination.wishes)
    whole = Batch(batch.number or secrets.token_hex(8), batch.bodies, key_of(destination))
    match wishes:
        case Mail():
            return mail.send(wishes, whole)
        case Webhook():
            webhook.send(wishes, whole)
        case Syslog():
            syslog.send(wishes, whole)
    return ""


def key_of(destination: Destination) -> str:
    """Its password or signing key. Raises NotDelivered."""
    if not destination.secret:
        return ""
    try:
        return unseal(bytes(destination.secret), destination.bound_to)
    except SealBroken as error:
        raise NotDelivered("Its secret cannot be opened with this system's key; enter it again.") from error


def pause_after(failures: int) -> float:
    """Seconds before the next attempt: 5, 10, 20 and so on up to a quarter of an hour."""
    doubled = FIRST_PAUSE * float(1 << min(max(failures - 1, 0), 20))
    return min(LONGEST_PAUSE, doubled)


def _failed(destination: Destination, error: str) -> None:
    destination.failures += 1
    destination.retry_at = timezone.now() + timedelta(seconds=pause_after(destination.failures))
    destination.last_error = error[:LONGEST_ERROR]
    destination.save(update_fields=["failures", "retry_at", "last_error", "lost"])


def _delivered(destination: Destination, told: Sentence) -> None:
    destination.failures, destination.retry_at, destination.last_error = 0, None, told[:LONGEST_ERROR]
    destination.delivered_at = timezone.now()
    destination.save(update_fields=["failures", "retry_at", "last_error", "delivered_at", "lost"])
