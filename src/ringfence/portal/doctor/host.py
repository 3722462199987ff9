"""The host as the inspector sees it: a process with root's right to look, and to nothing else."""

from dataclasses import asdict
from typing import Any

from ringfence import guardlink
from ringfence.doctor.facts import Host
from ringfence.guardlink import GuardRefusal, GuardUnreachable
from ringfence.policy.plain import from_plain
from ringfence.portal import places
from ringfence.portal.firewall import plan
from ringfence.portal.problems import Refused

SECONDS = 15.0


def host() -> Host | None:
    """None while the inspector does not answer: what it would say is then unknown."""
    try:
        told: dict[str, Any] = guardlink.ask(places.PATHS.inspector_socket, "host.show", SECONDS, plan=plan_now())
        found: Host = from_plain(Host, told)
    except (GuardUnreachable, GuardRefusal, TypeError, KeyError, ValueError):
        return None
    return found


def plan_now() -> list[dict[str, Any]] | None:
    """The firewall plan as plain values; None while the web server's state cannot be had."""
    try:
        return [asdict(opening) for opening in plan.current_plan().openings]
    except Refused:
        return None
