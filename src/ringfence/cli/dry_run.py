"""`ringfence dry-run`: asks the guard what other settings would have done; works while the portal is down."""

from typing import Annotated, Any

import typer

from ringfence.cli.outcome import misuse, print_json, refuse, refuse_unanswered
from ringfence.guard.clock import universal
from ringfence.guardlink import GuardRefusal, GuardUnreachable, ask
from ringfence.hosts.paths import Paths

PATIENCE = 45.0
UNKNOWN = (
    "Of packet rates and unanswered challenges only the bans are recorded: who else a lower limit would have stopped, "
    "or a higher one spared, cannot be known."
)


def dry_run(
    wanted: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="A security setting.")] = None,
    block: Annotated[list[str] | None, typer.Option(metavar="PREFIX", help="As if this were blocked.")] = None,
    allow: Annotated[list[str] | None, typer.Option(metavar="PREFIX", help="As if this were allowed.")] = None,
    remove: Annotated[list[str] | None, typer.Option(metavar="PREFIX", help="As if it had no entry.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False,
) -> None:
    """Replay the recorded events against other settings; nothing is changed."""
    settings = dict(_setting(text) for text in wanted or [])
    named = {"block": block, "allow": allow, "remove": remove}
    entries = [{"cidr": cidr, "target": target} for target, prefixes in named.items() for cidr in prefixes or []]
    try:
        found = ask(
            Paths.from_environment().guard_socket, "policy.dry-run", PATIENCE, settings=settings, entries=entries
        )
    except GuardRefusal as refusal:
        refuse(str(refusal))
    except GuardUnreachable as error:
        refuse_unanswered(str(error))
    if as_json:
        print_json(found)
        return
    print("\n".join(explanation(found)))


def explanation(found: dict[str, Any]) -> list[str]:
    """The answer as sentences."""
    lines = [found["summary"], f"Replayed {found['events']} events{'.' if found['whole'] else _newest(found)}"]
    if found["spoiled"]:
        lines.append(f"Lines of the journal that are no events and were left out: {found['spoiled']}.")
    lines.append(UNKNOWN)
    for title, name in (("Stopped", "stopped"), ("Let through", "let_through"), ("Spared", "spared")):
        lines += [f"{title}: {_row(row)}" for row in found[name]]
    return lines


def _newest(found: dict[str, Any]) -> str:
    return f", those from {universal(found['from'])} on: all there are would take too long."


def _row(row: dict[str, Any]) -> str:
    phones = f"; phones there: {', '.join(row['phones'])}" if row["phones"] else ""
    return f"{row['address']} ({row['why']}){phones}"


def _setting(text: str) -> tuple[str, int | bool]:
    name, _, value = text.partition("=")
    if value in ("true", "false"):
        return name, value == "true"
    if not (value.isascii() and value.isdigit()):
        misuse(f"--set wants NAME=NUMBER, NAME=true or NAME=false, not {text!r}")
    return name, int(value)
