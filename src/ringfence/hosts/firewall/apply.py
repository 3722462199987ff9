"""Puts the plan in force through the active front end, and takes back exactly what was put.

`Undo` holds what was there before, so that an apply nobody confirms is reverted (reference: "Default Firewall
Behavior"; a wrong plan must not lock its administrator out).
"""

from dataclasses import dataclass
from typing import Final

from ringfence.hosts.firewall import firewalld, nftables, ufw
from ringfence.hosts.firewall.active import FrontEnd, Run, host_root, run
from ringfence.hosts.firewall.plan import Plan

SERVICES: Final = host_root() / "etc/firewalld/services"


NOTHING: Final = Plan(())


@dataclass(frozen=True, slots=True)
class Undo:
    """How it was. `script` is our own nftables table as it stood; `plan` the openings that were in force."""

    front_end: FrontEnd
    script: str = ""
    plan: Plan = NOTHING


def apply(plan: Plan, which: FrontEnd, version: str, before: Plan, ask: Run = run) -> Undo:
    """Puts the plan in force and says how to take it back; `before` is the plan that was applied last.

    Raises CommandFailed; nftables then holds what it held, because its script is one transaction, and the front ends
    keep what they had, because openings are added before old ones go.
    """
    match which:
        case FrontEnd.NFTABLES:
            undo = Undo(which, _table(ask), before)
            script = nftables.render(plan, version)
            ask(("nft", "--check", "-f", "-"), script)
            ask(("nft", "-f", "-"), script)
            return undo
        case FrontEnd.UFW:
            _renew_ufw(plan, ask)
            return Undo(which, plan=before)
        case FrontEnd.FIREWALLD:
            _renew_firewalld(plan, ask)
            return Undo(which, plan=before)


def take_back(undo: Undo, version: str, ask: Run = run) -> None:
    """Restores what stood before. Raises CommandFailed."""
    match undo.front_end:
        case FrontEnd.NFTABLES:
            head = f"table inet {nftables.TABLE}\ndelete table inet {nftables.TABLE}\n"
            ask(("nft", "-f", "-"), head + undo.script)
        case _:
            apply(undo.plan, undo.front_end, version, undo.plan, ask)


def _table(ask: Run) -> str:
    if f"table inet {nftables.TABLE}" not in ask(("nft", "list", "tables"), None):
        return ""
    return ask(("nft", "list", "table", "inet", nftables.TABLE), None)


def _renew_ufw(plan: Plan, ask: Run) -> None:
    """What is wanted and not there is added first, then what is ours and not wanted any more goes."""
    old, wanted = ufw.marked(ask(("ufw", "status"), None)), ufw.commands(plan)
    for mark in [mark for mark in wanted if mark not in old]:
        ask(wanted[mark], None)
    for number in ufw.deletions(ask(("ufw", "status", "numbered"), None), old - set(wanted)):
        ask(("ufw", "--force", "delete", str(number)), None)


def _renew_firewalld(plan: Plan, ask: Run) -> None:
    SERVICES.mkdir(mode=0o755, parents=True, exist_ok=True)
    wanted = firewalld.services(plan)
    for name, text in wanted.items():
        (SERVICES / name).write_text(text, encoding="utf-8")
    ask(("firewall-cmd", "--reload"), None)
    public = {firewalld.service_name(opening) for opening in plan.openings if opening.is_wide}
    rich = set(firewalld.rich_rules(plan))
    held = set(ask(("firewall-cmd", "--permanent", "--list-services"), None).split())
    held_rich = set(ask(("firewall-cmd", "--permanent", "--list-rich-rules"), None).splitlines())
    changes = [f"--add-service={name}" for name in sorted(public - held)]
    changes += [f"--add-rich-rule={rule}" for rule in sorted(rich - held_rich)]
    changes += [f"--remove-service={n}" for n in sorted(held - public) if n.startswith(firewalld.PREFIX)]
    changes += [f"--remove-rich-rule={r}" for r in sorted(held_rich - rich) if f'"{firewalld.PREFIX}' in r]
    for change in changes:
        ask(("firewall-cmd", "--permanent", change), None)
    for file in SERVICES.glob(f"{firewalld.PREFIX}*.xml"):
        if file.name not in wanted:
            file.unlink()
    ask(("firewall-cmd", "--reload"), None)
