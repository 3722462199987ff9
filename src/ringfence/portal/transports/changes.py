"""What can be done to SIP transports. They belong to the transports process, which holds the core's files."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from ringfence.hosts.transports import (
    CHANGED_MEANWHILE,
    ClientCertificates,
    SipTransport,
    TransportRefused,
    checked,
    from_plain,
    in_one_spelling,
    plain,
)
from ringfence.policy.settings import Problem
from ringfence.portal import guard, places, processes
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, NotFound, Refused, Unavailable
from ringfence.portal.tenants.signaling import refuse_last_encrypted
from ringfence.portal.trunks.models import Trunk

PATIENCE = 45.0
"""Seconds: the core's file is checked and the core restarted; twice when it has to be rolled back."""


TRIES: Final = 5
"""A change takes seconds, so that others come meanwhile."""


class TransportsSilent(Unavailable):
    error_id = "transports.unreachable"
    title = "The transports process does not answer"


@dataclass(frozen=True, slots=True)
class State:
    """What is in force: the transports, where each is heard, by its name, and the links that can be named."""

    transports: tuple[SipTransport, ...]
    addresses: dict[str, list[str]]
    links: list[dict[str, Any]]


def state() -> State:
    """What is in force now. Raises TransportsSilent."""
    return _from(_ask("transports.show"))


def current() -> tuple[SipTransport, ...]:
    """The transports in force now. Raises TransportsSilent."""
    return state().transports


def add(actor: Actor, wanted: SipTransport, interrupt_calls: bool = False) -> tuple[SipTransport, State]:
    """The core is restarted; its calls go on. The first transport on a link starts the media relay anew, which is
    refused while calls are up, unless `interrupt_calls`. Raises Refused, Conflict or TransportsSilent; nothing is
    changed then.
    """
    require(actor, Permission.WEB_WRITE)
    wanted = replace(wanted, link=in_one_spelling(wanted.link))
    return wanted, _anew(lambda: _add(actor, wanted, interrupt_calls))


def _add(actor: Actor, wanted: SipTransport, interrupt_calls: bool) -> State:
    before = current()
    if any(one.name == wanted.name for one in before):
        raise Conflict([Problem("port", "transport.exists", f"The transport {wanted.name} exists already.")])
    is_first = wanted.link not in {one.link for one in before}
    if is_first and wanted.link and not interrupt_calls:
        refuse_in_calls()
    return _put(actor, "transport.created", wanted, before, (*before, wanted))


def remove(actor: Actor, name: str) -> None:
    """Raises NotFound, Refused (the last one, or one that a trunk uses) or TransportsSilent."""
    require(actor, Permission.WEB_WRITE)
    _anew(lambda: _remove(actor, name))


def _remove(actor: Actor, name: str) -> None:
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
    return _anew(lambda: _ask_for_certificates(actor, name, clients))


def _ask_for_certificates(actor: Actor, name: str, clients: ClientCertificates) -> SipTransport:
    before = current()
    found = next((one for one in before if one.name == name), None)
    if found is None:
        raise NotFound(detail=f"There is no transport {name!r}.")
    wanted = replace(found, clients=clients)
    if wanted != found:
        _put(actor, "transport.changed", wanted, before, tuple(wanted if one is found else one for one in before))
    return wanted


def refuse_in_calls() -> None:
    """Raises Conflict while calls are up, whose sound would end with the media relay."""
    up = len(guard.listed("calls.list", "calls"))
    if up:
        message = (
            f"Calls are up ({up}) and would lose their sound, for the media relay starts anew. Wait, or say that calls "
            "may be interrupted."
        )
        raise Conflict([Problem("interrupt_calls", "voice_network.calls_up", message)])


def _refuse_while_used(gone: SipTransport, left: tuple[SipTransport, ...]) -> None:
    """A trunk needs a transport of its protocol on its link; another one of the same will do. So does a tenant with TLS
    only."""
    refuse_last_encrypted(left)
    if any((one.protocol, one.link) == (gone.protocol, gone.link) for one in left):
        return
    user = Trunk.objects.filter(enabled=True, transport=gone.protocol.value, link=gone.link).first()
    if user is not None:
        word = f"{gone.protocol.upper()} ({gone.link})" if gone.link else gone.protocol.upper()
        message = f"The trunk {user.name} speaks {word}: change it first, or add another transport."
        raise Refused([Problem("port", "transport.used", message)])


def _anew[T](work: Callable[[], T]) -> T:
    """Looks again if somebody else has changed the transports meanwhile: neither change is lost. Raises Refused."""
    for _ in range(TRIES - 1):
        try:
            return work()
        except Refused as refused:
            if CHANGED_MEANWHILE not in [problem.rule for problem in refused.problems]:
                raise
    return work()


def _put(
    actor: Actor, action: str, which: SipTransport, before: tuple[SipTransport, ...], wanted: tuple[SipTransport, ...]
) -> State:
    try:
        wanted = checked(wanted)
    except TransportRefused as refused:
        raise Refused([Problem(refused.field, refused.rule, str(refused))]) from refused
    sets = {"transports": wanted, "instead_of": before}
    now = _from(_ask("transports.change", **{name: [plain(one) for one in held] for name, held in sets.items()}))
    with change(actor) as draft:
        old, new = ([_told(one) for one in transports] for transports in (before, wanted))
        draft.record(action, which.name, which.name, {"transports": old}, {"transports": new})
    return now


def _told(one: SipTransport) -> str:
    asking = one.clients is not ClientCertificates.NONE
    return f"{one.name} (client certificates {one.clients})" if asking else one.name


def _ask(verb: str, **args: Any) -> dict[str, Any]:
    silent = TransportsSilent(
        detail="The process that changes the SIP transports does not answer; nothing was changed. It is restarted "
        "by itself; see: ringfence logs transports"
    )
    return processes.ask(places.PATHS.transports_socket, silent, verb, PATIENCE, **args)


def _from(answer: dict[str, Any]) -> State:
    found = [(from_plain(item), item.get("addresses", [])) for item in answer["transports"]]
    heard = {one.name: addresses for one, addresses in found}
    return State(tuple(one for one, _ in found), heard, answer.get("links", []))
