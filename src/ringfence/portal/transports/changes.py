"""What can be done to SIP transports. They belong to the transports process, which holds the core's files."""

from dataclasses import replace
from typing import Any

from ringfence.hosts.transports import (
    ClientCertificates,
    Protocol,
    SipTransport,
    TransportRefused,
    checked,
    from_plain,
    plain,
)
from ringfence.policy.settings import Problem
from ringfence.portal import places, processes
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, NotFound, Refused, Unavailable
from ringfence.portal.tenants.signaling import refuse_last_encrypted
from ringfence.portal.trunks.models import Trunk

PATIENCE = 45.0
"""Seconds: the core's file is checked and the core restarted; twice when it has to be rolled back."""


class TransportsSilent(Unavailable):
    error_id = "transports.unreachable"
    title = "The transports process does not answer"


def current() -> tuple[SipTransport, ...]:
    """What is in force now. Raises TransportsSilent."""
    return _from(_ask("transports.show"))


def add(actor: Actor, protocol: Protocol, port: int) -> SipTransport:
    """The core is restarted; its calls go on. Raises Refused, Conflict or TransportsSilent; nothing is changed then."""
    require(actor, Permission.WEB_WRITE)
    wanted, before = SipTransport(protocol, port), current()
    if wanted in before:
        raise Conflict([Problem("port", "transport.exists", f"The transport {wanted.name} exists already.")])
    _put(actor, "transport.created", wanted, before, (*before, wanted))
    return wanted


def remove(actor: Actor, name: str) -> None:
    """Raises NotFound, Refused (the last one, or one that a trunk uses) or TransportsSilent."""
    require(actor, Permission.WEB_WRITE)
    before = current()
    gone = next((one for one in before if one.name == name), None)
    if gone is None:
        raise NotFound(detail=f"There is no transport {name!r}.")
    left = tuple(one for one in before if one != gone)
    _refuse_while_used(gone, left)
    _put(actor, "transport.deleted", gone, before, left)


def ask_for_certificates(actor: Actor, name: str, clients: ClientCertificates) -> SipTransport:
    """Whether phones show a certificate on this transport. The core is restarted; its calls go on. Raises NotFound,
    Refused or TransportsSilent."""
    require(actor, Permission.WEB_WRITE)
    before = current()
    found = next((one for one in before if one.name == name), None)
    if found is None:
        raise NotFound(detail=f"There is no transport {name!r}.")
    wanted = replace(found, clients=clients)
    if wanted != found:
        _put(actor, "transport.changed", wanted, before, tuple(wanted if one is found else one for one in before))
    return wanted


def _refuse_while_used(gone: SipTransport, left: tuple[SipTransport, ...]) -> None:
    """A trunk needs a transport of its protocol; another one of the same will do. So does a tenant with TLS only."""
    refuse_last_encrypted(left)
    if any(one.protocol is gone.protocol for one in left):
        return
    user = Trunk.objects.filter(enabled=True, transport=gone.protocol.value).first()
    if user is not None:
        message = f"The trunk {user.name} speaks {gone.protocol.upper()}: change it first, or add another transport."
        raise Refused([Problem("port", "transport.used", message)])


def _put(
    actor: Actor, action: str, which: SipTransport, before: tuple[SipTransport, ...], wanted: tuple[SipTransport, ...]
) -> None:
    try:
        wanted = checked(wanted)
    except TransportRefused as refused:
        raise Refused([Problem("port", refused.rule, str(refused))]) from refused
    _ask("transports.change", transports=[plain(one) for one in wanted])
    with change(actor) as draft:
        old, new = ([_told(one) for one in transports] for transports in (before, wanted))
        draft.record(action, which.name, which.name, {"transports": old}, {"transports": new})


def _told(one: SipTransport) -> str:
    asking = one.clients is not ClientCertificates.NONE
    return f"{one.name} (client certificates {one.clients})" if asking else one.name


def _ask(verb: str, **args: Any) -> dict[str, Any]:
    silent = TransportsSilent(
        detail="The process that changes the SIP transports does not answer; nothing was changed. It is restarted "
        "by itself; see: ringfence logs transports"
    )
    return processes.ask(places.PATHS.transports_socket, silent, verb, PATIENCE, **args)


def _from(answer: dict[str, Any]) -> tuple[SipTransport, ...]:
    return tuple(map(from_plain, answer["transports"]))
