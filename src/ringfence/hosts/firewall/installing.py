"""What an installation does about the host's firewall, without anybody asking (reference: "Default Firewall Behavior
After Installation"), and without locking out whoever is signed in.

Where firewalld or ufw is at work the plan only opens ports, so it stays. Where nothing is, the plan closes the host:
that stays at once only if nobody could lose a way in by it, otherwise it waits for a proof.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address, ip_network
from typing import Final

from ringfence.hosts.firewall.active import FrontEnd
from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.listening import Connection
from ringfence.hosts.ports import Transport

SSH_KEY: Final = "ssh-"
"""How the openings of the SSH server begin."""


LATE: Final = 5.0
"""Seconds after which whoever was to take a plan back must be gone."""

LONGEST_WAIT: Final = 3600.0
"""Nobody is given longer; a plan that waits longer was applied by a clock that was ahead."""


class Step(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    RESTORE = "restore"
    OPEN = "open"
    CLOSE = "close"
    CLOSE_ON_PROOF = "close_on_proof"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Host:
    """What is known of this machine's firewall at a start.

    `stands`: the active front end holds something of ours. `others` names tables of somebody else that drop what comes
    in: no opening of ours could reach past them. `connections` are those that others opened to this machine.
    """

    which: FrontEnd
    applied: Plan
    stands: bool
    disabled: bool
    others: tuple[str, ...]
    connections: tuple[Connection, ...]
    bound: frozenset[int]


def is_orphaned(host: Host, reverts_at: float, now: float) -> bool:
    """Whether nobody is left who would take an unconfirmed plan back: the machine was started anew, or it is late."""
    is_late = not -LONGEST_WAIT <= now - reverts_at <= LATE
    return is_late or (host.which is FrontEnd.NFTABLES and not host.stands)


def at_start(host: Host) -> Step:
    """What is due before the plan is known: a table of ours does not outlive a restart of the machine."""
    if host.disabled:
        return Step.NOTHING
    if host.applied.openings and not host.stands and host.which is FrontEnd.NFTABLES:
        return Step.RESTORE
    return Step.NOTHING


def first_time(host: Host, plan: Plan) -> tuple[Step, str]:
    """What is due where no plan was ever applied, and why not more."""
    if host.disabled or host.applied.openings:
        return Step.NOTHING, ""
    if host.which is not FrontEnd.NFTABLES:
        return Step.OPEN, ""
    if host.others:
        return Step.LEAVE, f"other rules filter here already ({', '.join(host.others)}); an opening cannot pass them"
    lost = tuple(dict.fromkeys(uncovered(plan, host.connections)))
    if lost:
        return Step.LEAVE, f"in use, and not in the plan: {', '.join(lost)}"
    if logins(plan, host.connections) or not _is_sure(plan, host.bound):
        return Step.CLOSE_ON_PROOF, ""
    return Step.CLOSE, ""


def uncovered(plan: Plan, connections: Iterable[Connection]) -> Iterator[str]:
    """What the plan would not let in once more."""
    for one in connections:
        if not admits(plan, one):
            yield f"{one.port}/tcp from {one.source}"


def admits(plan: Plan, one: Connection) -> bool:
    source = ip_address(one.source)
    return any(
        opening.transport is Transport.TCP
        and opening.first <= one.port <= opening.last
        and any(source in ip_network(network) for network in opening.sources_of(source.version))
        for opening in plan.openings
    )


def logins(plan: Plan, connections: Iterable[Connection]) -> frozenset[Connection]:
    """Connections to the SSH server."""
    return frozenset(one for one in connections if one.port in _ssh_ports(plan))


def proved(before: frozenset[Connection], now: frozenset[Connection]) -> bool:
    """Whether somebody who was signed in when the host was closed has come in once more since."""
    known = {one.source for one in before}
    return any(one.source in known for one in now - before)


def _is_sure(plan: Plan, bound: frozenset[int]) -> bool:
    """Whether every port that SSH is said to have is really SSH's; a server elsewhere would be closed unseen."""
    return _ssh_ports(plan) <= bound


def _ssh_ports(plan: Plan) -> frozenset[int]:
    return frozenset(opening.first for opening in plan.openings if opening.key.startswith(SSH_KEY))
