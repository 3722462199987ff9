"""`ringfence budget`: asks the guard, so it works while the portal is down."""

import getpass
from typing import Annotated, Any

import typer

from ringfence.cli.outcome import print_json, refuse, refuse_unanswered
from ringfence.guardlink import GuardRefusal, GuardUnreachable, ask
from ringfence.hosts.paths import Paths

group = typer.Typer(help="Look at budgets of calls outside and lift suspensions.", no_args_is_help=True)

Owner = Annotated[str, typer.Argument(metavar="OWNER", help="As in extension:101@acme.example, tenant:3 or trunk:5.")]
AsJson = Annotated[bool, typer.Option("--json", help="As a JSON document.")]


@group.command("suspended")
def suspended(as_json: AsJson = False) -> None:
    """List who may make no outside calls."""
    found = _ask("budgets.suspended")
    if as_json:
        print_json(found)
        return
    lines = [f"{item['owner']}  {item['measure']}  {item['evidence']}" for item in found]
    print("\n".join(lines) if lines else "Nobody is suspended.")


@group.command("usage")
def usage(owner: Owner, as_json: AsJson = False) -> None:
    """Show what an extension, tenant or trunk has used today."""
    found = _ask("budgets.usage", owner=owner)
    if as_json:
        print_json(found)
        return
    print("\n".join(f"{name}  {value}" for name, value in found.items()))


@group.command("lift")
def lift(owner: Owner, as_json: AsJson = False) -> None:
    """Let somebody call outside again, with the whole budget of a day."""
    found = _ask("budgets.lift", owner=owner, by=f"command line ({getpass.getuser()})")
    if as_json:
        print_json(found)
        return
    print(f"{found['owner']} may call outside again.")


def _ask(verb: str, **args: Any) -> Any:
    try:
        return ask(Paths.from_environment().guard_socket, verb, 5.0, **args)
    except GuardRefusal as refusal:
        refuse(str(refusal))
    except GuardUnreachable as error:
        refuse_unanswered(str(error))
