"""Where plan, listening sockets and the active firewall disagree."""

from dataclasses import dataclass
from enum import StrEnum

from ringfence.hosts.firewall.active import FrontEnd, Run, front_end, ours, run
from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.listening import bound_ports
from ringfence.hosts.ports import Transport


class Kind(StrEnum):
    """What disagrees."""

    NOTHING_LISTENS = "nothing_listens"
    NOT_APPLIED = "not_applied"
    PLAN_CHANGED = "plan_changed"
    NO_FIREWALL = "no_firewall"


@dataclass(frozen=True, slots=True)
class Difference:
    kind: Kind
    text: str


def drift(plan: Plan, applied: Plan, ask: Run = run) -> tuple[Difference, ...]:
    """Every difference as a sentence; nothing when all agree. Raises CommandFailed."""
    found: list[Difference] = []
    which = front_end(ask)
    if not ours(which, ask):
        found.append(_unapplied(which))
    elif set(plan.openings) != set(applied.openings):
        found.append(
            Difference(Kind.PLAN_CHANGED, "The plan changed since it was applied: `ringfence firewall apply`.")
        )
    for opening in plan.openings:
        ranged = opening.first != opening.last
        if not ranged and opening.first not in bound_ports(Transport(opening.transport)):
            found.append(
                Difference(
                    Kind.NOTHING_LISTENS,
                    f"{opening.ports}/{opening.transport} is open for {opening.reason}, but nothing listens there.",
                )
            )
    return tuple(found)


def drift_of_records(plan: Plan, applied: Plan) -> tuple[Difference, ...]:
    """What can be said without asking the front end: whether the plan was ever applied, and changed since."""
    if not applied.openings:
        return (Difference(Kind.NOT_APPLIED, "The plan was never put in force: `ringfence firewall apply`."),)
    if set(plan.openings) != set(applied.openings):
        return (Difference(Kind.PLAN_CHANGED, "The plan changed since it was applied: `ringfence firewall apply`."),)
    return ()


def _unapplied(which: FrontEnd) -> Difference:
    """On Debian and Ubuntu "ufw is disabled" must not mean that there is no firewall (reference: "Default Firewall
    Behavior")."""
    if which is FrontEnd.NFTABLES:
        return Difference(
            Kind.NO_FIREWALL,
            "No firewall is active on this host: `ringfence firewall apply` closes everything but the plan.",
        )
    return Difference(Kind.NOT_APPLIED, f"{which} is active but holds nothing of the plan: `ringfence firewall apply`.")
