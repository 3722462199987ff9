"""Keeping, confirming and reverting: whoever ends the waiting first wins, in one conditional update."""

import logging
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from ringfence.portal import publish
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import Change, change
from ringfence.portal.confirm.connection import Connection
from ringfence.portal.confirm.models import State, UnconfirmedChange
from ringfence.portal.confirm.moment import Moment, present
from ringfence.portal.confirm.trial import PARAMETER, wish
from ringfence.portal.confirm.undo import UNDO, places, undo
from ringfence.portal.guard import GuardSilent
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, NotFound, Refused, refuse

REVERTER: Final = Actor("automatic revert", "local", administers_system=True)

log = logging.getLogger(__name__)


def keep(draft: Change) -> None:
    """Notes inside the transaction of a change that it has to be confirmed, if its request wished so."""
    current = wish()
    if current is None or not draft.entries:
        return
    strange = [entry["action"] for entry in draft.entries if entry["action"] not in UNDO]
    if strange:
        raise refuse(PARAMETER, "confirm.not_reversible", f"{', '.join(strange)} cannot be taken back by itself.")
    now = present()
    kept = UnconfirmedChange.objects.create(
        saved_at=now.wall,
        reverts_at=now.wall + timedelta(minutes=current.minutes),
        boot=now.boot,
        saved_since_boot=now.since_boot,
        saved_by=draft.actor.name,
        connection=current.connection,
        entries=draft.entries,
    )
    current.saved.append(kept.pk)
    note = {"unconfirmed_change": kept.pk, "reverts_at": kept.reverts_at.isoformat()}
    draft.record("confirm.waiting", kept.pk, str(kept), new=note)


def waiting() -> QuerySet[UnconfirmedChange]:
    return UnconfirmedChange.objects.filter(state=State.WAITING)


def found(number: int) -> UnconfirmedChange:
    """Raises NotFound."""
    row = UnconfirmedChange.objects.filter(pk=number).first()
    if row is None:
        raise NotFound(detail="There is no such change.")
    return row


def confirm(actor: Actor, row: UnconfirmedChange, connection: Connection | None) -> None:
    """Makes a change stay. Only a connection opened after it proves that one can still get in. Raises Refused."""
    require(actor, Permission.SECURITY_WRITE)
    if objection := objection_to(row, connection):
        raise Conflict([objection])
    _confirm(actor, row)


def confirm_from_shell(actor: Actor, row: UnconfirmedChange) -> None:
    """A shell on the server itself needs no proof: it can undo anything anyway."""
    _confirm(actor, row)


def objection_to(row: UnconfirmedChange, connection: Connection | None) -> Any:
    """Why this connection proves nothing; None if it does."""
    if connection is None:
        return _problem("confirm.unknown_connection", "This request did not come through the web server.")
    if not connection.is_younger_than(row, present()):
        return _problem(
            "confirm.same_connection",
            "This connection is older than the change, so it does not prove that a new one still gets in. "
            "Connect anew, and confirm then; a browser does so by itself within a few seconds.",
        )
    return None


def revert(actor: Actor, row: UnconfirmedChange) -> None:
    """Takes a change back now, and before it what was built on it and waits as well. Raises Refused; then all of it
    goes on waiting.

    Otherwise the later one would find it gone and bring it back for good, though nobody ever confirmed it.
    """
    require(actor, Permission.SECURITY_WRITE)
    with transaction.atomic():
        for one in (*_built_on(row), row):
            _take_back(actor, one)


def _built_on(row: UnconfirmedChange) -> list[UnconfirmedChange]:
    """What waits and touches the same, directly or by way of each other; the newest first."""
    touched, found = _places(row), list[UnconfirmedChange]()
    for later in waiting().filter(pk__gt=row.pk).order_by("pk"):
        if touched & (its_own := _places(later)):
            touched |= its_own
            found.append(later)
    return found[::-1]


def _places(row: UnconfirmedChange) -> set[str]:
    return {place for entry in row.entries for place in places(entry)}


def _take_back(actor: Actor, row: UnconfirmedChange) -> None:
    _end(row, State.REVERTED, actor)
    kept = [entry for entry in reversed(row.entries) if not undo(REVERTER, entry)]
    left = [entry["object_label"] or entry["action"] for entry in kept]
    with change(actor) as draft:
        draft.record("confirm.reverted", row.pk, str(row), new={"left_alone": left})


def revert_due(now: Moment | None = None) -> int:
    """Reverts everything that was not confirmed in time; the ingest process asks this every second. One that the guard
    or the policy store holds up keeps no other waiting.
    """
    done, held_up = 0, None
    for row in waiting():
        if not row.is_due(now or present()) or not waiting().filter(pk=row.pk).exists():
            continue
        try:
            revert(REVERTER, row)
        except (GuardSilent, publish.PublishPending) as error:
            held_up = error
            continue
        except Refused as refused:
            log.error("change %d cannot be taken back: %s", row.pk, refused)
            _give_up(row, str(refused))
        done += 1
    if held_up is not None:
        raise held_up
    return done


def _confirm(actor: Actor, row: UnconfirmedChange) -> None:
    with change(actor) as draft:
        _end(row, State.CONFIRMED, actor)
        draft.record("confirm.confirmed", row.pk, str(row))


def _end(row: UnconfirmedChange, state: State, actor: Actor) -> None:
    values = {"state": state, "ended_at": present().wall, "ended_by": actor.name}
    if not UnconfirmedChange.objects.filter(pk=row.pk, state=State.WAITING).update(**values):
        raise Conflict([_problem("confirm.ended", "This change was confirmed or taken back already.")])


def _give_up(row: UnconfirmedChange, why: str) -> None:
    """What the rules refuse now stays as it is, and the audit log says so."""
    with change(REVERTER) as draft:
        _end(row, State.REVERTED, REVERTER)
        draft.record("confirm.revert_refused", row.pk, str(row), new={"why": why})


def _problem(rule: str, message: str) -> Any:
    return refuse("", rule, message).problems[0]
