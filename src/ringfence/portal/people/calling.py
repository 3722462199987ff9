"""How an extension takes its calls: forwards, do not disturb, call waiting. Its user and administrators set it."""

import re
from dataclasses import asdict, replace
from typing import Any, Final

from ringfence.policy.calls.calling import Calling
from ringfence.policy.calls.limits import MOST_CALLS
from ringfence.policy.outgoing.numbers import dialled_number
from ringfence.policy.plain import from_plain
from ringfence.policy.relay.encryption import Encryption
from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.inbound.models import has_number
from ringfence.portal.inbound.written import objection_to_number
from ringfence.portal.people.escalation import stand_above
from ringfence.portal.people.models import Extension, Person
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.provisioning.resync import resync

FORWARDS: Final = ("forward_always", "forward_busy", "forward_no_answer", "forward_offline")
OWN: Final = (*FORWARDS, "ring_seconds", "do_not_disturb", "call_waiting")
"""What the user of an extension may set; everything else of `Calling` is the administrators'."""

LIMITS: Final = ("max_calls", "encryption", "caller_number")
"""What only an administrator sets, however high the person stands. None: no limit; media as the tenant has it."""

_E164: Final = re.compile(r"\+[1-9][0-9]{3,16}")
RING_SECONDS: Final = range(5, 121)


def calling_of(extension: Extension) -> Calling:
    found: Calling = from_plain(Calling, extension.calling or {})
    return found


def shown(calling: Calling) -> dict[str, Any]:
    """The settings a user may set, for pages and REST."""
    return {name: getattr(calling, name) for name in OWN}


def set_calling(actor: Actor, person: Person, **values: Any) -> Calling:
    """Changes only what is given (not None); in force for the next call. Raises Refused or Forbidden."""
    given = {name: value for name, value in values.items() if name in OWN and value is not None}
    return _change(actor, person, given)


def set_limits(actor: Actor, person: Person, **values: int | str | Encryption | None) -> Calling:
    """Sets the limits that are given, and the number shown outside. Raises Refused or Forbidden."""
    require(actor, Permission.USERS_WRITE)
    given = {name: value for name, value in values.items() if name in LIMITS}
    if "caller_number" in given:
        given["caller_number"] = str(given["caller_number"] or "").strip()
    return _change(actor, person, given)


def _change(actor: Actor, person: Person, given: dict[str, Any]) -> Calling:
    stand_above(actor, person)
    given |= {name: dialled_number(given[name]) or given[name].strip() for name in FORWARDS if name in given}
    if problems := _problems(given, person.extension):
        raise Refused(problems)
    with change(actor) as draft:
        extension = Extension.objects.select_for_update().select_related("tenant").get(pk=person.extension.pk)
        before = calling_of(extension)
        after = replace(before, **given)
        extension.calling = _stored(after)
        extension.save(update_fields=["calling"])
        draft.record(
            "user.calling_changed", person.pk, extension.aor, _audited(before), _audited(after), person.tenant_id
        )
        draft.subscriber(extension.aor)
    if after.encryption is not before.encryption:
        resync(extension)  # its phones are told of it in their files, and have their calls refused until they know
    return after


def _audited(calling: Calling) -> dict[str, Any]:
    return {**shown(calling), **{name: getattr(calling, name) for name in LIMITS}}


def _stored(calling: Calling) -> dict[str, Any]:
    usual = asdict(Calling())
    return {name: value for name, value in asdict(calling).items() if value != usual[name]}


def _problems(given: dict[str, Any], own: Extension) -> list[Problem]:
    found = []
    for name in FORWARDS:
        number = given.get(name)
        if not number:
            continue
        if dialled_number(number) != number or len(number) > 64:
            message = "A forward goes to a number as it is dialled: an extension, or digits with or without a plus."
            found.append(Problem(name, "forward.number", message))
        elif objection := objection_to_number(own.tenant, name, number):
            found.append(objection)
        elif number == own.number:
            found.append(Problem(name, "forward.own_number", "An extension cannot forward to itself."))
    shown_number = given.get("caller_number")
    if shown_number and not _E164.fullmatch(shown_number):
        message = "The number shown outside is written with its country code, as +493012345."
        found.append(Problem("caller_number", "calling.caller_number", message))
    elif shown_number and not has_number(own.tenant_id, shown_number):
        message = "The tenant has no such number; see its number pools. Nobody calls with the number of somebody else."
        found.append(Problem("caller_number", "calling.not_yours", message))
    most = given.get("max_calls")
    if most is not None and not 0 <= most <= MOST_CALLS:
        found.append(Problem("max_calls", "calling.max_calls", f"A limit is 0 to {MOST_CALLS}, or nothing for none."))
    seconds = given.get("ring_seconds")
    if seconds is not None and seconds not in RING_SECONDS:
        message = f"It rings {RING_SECONDS.start} to {RING_SECONDS.stop - 1} seconds."
        found.append(Problem("ring_seconds", "forward.ring_seconds", message))
    return found
