"""Orders the certificates that somebody asked for or that are due, one at a time, and puts them in force.

In a thread of a process that works without end: an authority that is slow holds up nothing else.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import Error, close_old_connections
from django.utils import timezone

from ringfence.policy.sentence import Sentence
from ringfence.portal.acme.client import Means, Wish, ordered
from ringfence.portal.acme.models import AcmeSettings, CertificateOrder
from ringfence.portal.acme.wire import AcmeFailed, Https
from ringfence.portal.actor import Actor
from ringfence.portal.change import SECRET_CHANGED, change
from ringfence.portal.jobs import State
from ringfence.portal.problems import Refused
from ringfence.portal.sealing import SealBroken
from ringfence.portal.webaccess import server

ACME: Final = Actor("ACME", "local", administers_system=True)
EVERY: Final = 2.0
RENEWAL: Final = "renewal"
KEPT: Final = 50
FIRST_RETRY: Final = timedelta(hours=1)
LONGEST_RETRY: Final = timedelta(hours=24)
"""A renewal that fails is tried again after an hour, then twice as long each time: authorities count failures."""

log = logging.getLogger(__name__)


class WebDoor:
    """The web server answers the authority, for as long as the order needs it."""

    def open(self, challenges: Mapping[str, str]) -> None:
        server.ask("web.challenges", challenges=dict(challenges))

    def close(self) -> None:
        """If that fails, the web access process closes it after ten minutes."""
        try:
            server.ask("web.challenges", challenges={})
        except Refused as refused:
            log.warning("the door for challenges was not closed: %s", refused)


def means_of(row: AcmeSettings) -> Means:
    return Means(Https(row.authority).send, WebDoor(), time.sleep)


def work_in_background() -> None:
    threading.Thread(target=_work_for_ever, name="acme", daemon=True).start()


def _work_for_ever() -> None:
    while True:
        time.sleep(EVERY)
        try:
            if settle_begun():
                WebDoor().close()
            order_due()
        except (Error, Refused, OSError) as error:
            log.error("no certificate can be ordered: %s", error)
        except Exception:  # the loop of a daemon: what an authority sends must not end it
            log.exception("an order broke")
        close_old_connections()


def settle_begun(now: datetime | None = None) -> int:
    """What was being ordered when this process ended, or when an order broke. The number of those. One whose
    certificate is in force was done, and is renewed as any other; the others are given up. A renewal is not begun again
    at once: one that breaks each time must not knock at the authority every few seconds."""
    begun = list(CertificateOrder.objects.filter(state=State.RUNNING))
    for order in begun:
        certificate = server.ask("web.show")["certificate"] if order.fingerprint else {}
        if certificate and certificate["fingerprint"] == order.fingerprint:
            _note_success(order, AcmeSettings.current(), certificate)
        else:
            _note_failure(order, AcmeSettings.current(), _gone(), now or timezone.now())
    return len(begun)


def _gone() -> Sentence:
    return "The process that ordered it ended or broke."


def order_due(now: datetime | None = None, means: Callable[[AcmeSettings], Means] = means_of) -> int:
    """Makes the order that waits, if any. The number of orders made."""
    moment = now or timezone.now()
    _ask_if_due(moment)
    waiting = CertificateOrder.next_waiting()
    if waiting is None or not _claimed(waiting):
        return 0
    row = AcmeSettings.current()
    try:
        certificate = _ordered(waiting, row, means(row))
    except (AcmeFailed, Refused, SealBroken) as error:
        if waiting.fingerprint and isinstance(error, server.WebServerSilent):
            return 1  # it may have taken the certificate all the same; settle_begun looks
        _note_failure(waiting, row, error.detail if isinstance(error, Refused) else str(error), moment)
    else:
        _note_success(waiting, row, certificate)
    for old in CertificateOrder.objects.all()[KEPT:]:
        old.delete()
    return 1


def renewal_of(certificate: Mapping[str, Any]) -> datetime:
    """When two thirds of its lifetime are over.

    >>> renewal_of({"not_before": "2026-01-01T00:00:00+00:00", "not_after": "2026-04-01T00:00:00+00:00"}).isoformat()
    '2026-03-02T00:00:00+00:00'
    """
    begins, ends = (datetime.fromisoformat(certificate[name]) for name in ("not_before", "not_after"))
    return begins + (ends - begins) * 2 / 3


def _ask_if_due(now: datetime) -> None:
    row = AcmeSettings.current()
    if not row.renew or row.renew_at is None or now < row.renew_at or not row.is_complete:
        return
    if CertificateOrder.any_under_way():
        return
    if server.ask("web.show")["certificate"]["fingerprint"] != row.fingerprint:
        log.warning("another certificate was brought by hand; it is not renewed")
        _plan(row, None)
        return
    CertificateOrder.objects.create(asked_by=RENEWAL, renewal=True)


def _claimed(order: CertificateOrder) -> bool:
    mine = CertificateOrder.objects.filter(pk=order.pk, state=State.WAITING).update(state=State.RUNNING)
    return mine == 1


def _ordered(order: CertificateOrder, row: AcmeSettings, means: Means) -> dict[str, Any]:
    """Orders, and puts in force what an upload would: the same checks, and the old one stays if anything is wrong. What
    is about to be in force is noted first, so that it is known again if this process ends just then."""
    if not row.is_complete:
        raise AcmeFailed("Where and for which names is not set any more.")
    wish = Wish(row.directory, tuple(row.names), row.email, row.external)
    issued = ordered(wish, row.key_of_account(), means)
    order.fingerprint = issued.fingerprint
    order.save(update_fields=["fingerprint"])
    found: dict[str, Any] = server.ask("web.certificate", chain=issued.chain, key=issued.key, host=row.names[0])[
        "certificate"
    ]
    return found


def _note_success(order: CertificateOrder, row: AcmeSettings, certificate: dict[str, Any]) -> None:
    with change(ACME) as draft:
        old = {"fingerprint": row.fingerprint}
        new = {"fingerprint": certificate["fingerprint"], "names": certificate["names"], "key": SECRET_CHANGED}
        row.fingerprint, row.failures = certificate["fingerprint"], 0
        soonest = timezone.now() + FIRST_RETRY  # an authority may give out what it has, nearly over
        _plan(row, max(soonest, renewal_of(certificate)))
        order.state, order.fingerprint = State.DONE, certificate["fingerprint"]
        _end(order)
        draft.record("certificate.changed", "web", "Certificate of the web portal", old, new)
    log.warning("a certificate for %s is in force", ", ".join(certificate["names"]))


def _note_failure(order: CertificateOrder, row: AcmeSettings, error: str, now: datetime) -> None:
    log.error("an order of a certificate failed: %s", error)
    with change(ACME) as draft:
        _postpone(row, now)
        order.state, order.error, order.fingerprint = State.FAILED, error[:600], ""
        _end(order)
        draft.record("certificate.order_failed", order.pk, ", ".join(row.names)[:200], None, {"error": order.error})


def _postpone(row: AcmeSettings, now: datetime) -> None:
    if row.renew_at is not None and row.renew_at <= now:
        _plan(row, now + min(LONGEST_RETRY, FIRST_RETRY * 2 ** min(row.failures, 5)), row.failures + 1)


def _plan(row: AcmeSettings, renew_at: datetime | None, failures: int = 0) -> None:
    """Only what is known here: the settings may have been changed while the order ran."""
    AcmeSettings.objects.filter(pk=1).update(renew_at=renew_at, failures=failures, fingerprint=row.fingerprint)


def _end(order: CertificateOrder) -> None:
    order.ended_at = timezone.now()
    order.save()
