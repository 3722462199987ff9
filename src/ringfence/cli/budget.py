"""`ringfence budget`: asks the guard, so it works while the portal is down."""

import getpass
from typing import Annotated, Any

import typer

from ringfence.cli.outcome import print_json, refuse, refuse_unanswered
from ringfence.cli.portal_command import portal_answer
from ringfence.guardlink import GuardRefusal, GuardUnreachable, ask
from ringfence.hosts.paths import Paths
from ringfence.policy.outgoing.spend import Measure

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
    unit = _currency() if any(item["measure"] == Measure.MONEY for item in found) else ""
    print("\n".join(suspension_line(item, unit) for item in found) if found else "Nobody is suspended.")


@group.command("usage")
def usage(owner: Owner, as_json: AsJson = False) -> None:
    """Show what an extension, tenant or trunk has used today."""
    found = _ask("budgets.usage", owner=owner)
    if as_json:
        print_json(found)
        return
    unit = _currency()
    print("\n".join(f"{name}  {_with_unit(name, value, unit)}" for name, value in found.items()))


@group.command("lift")
def lift(owner: Owner, as_json: AsJson = False) -> None:
    """Let somebody call outside again, with the whole budget of a day."""
    found = _ask("budgets.lift", owner=owner, by=f"command line ({getpass.getuser()})")
    if as_json:
        print_json(found)
        return
    print(f"{found['owner']} may call outside again.")


def suspension_line(item: dict[str, Any], unit: str) -> str:
    """Who, what ran out, and how far it went; older suspensions have no evidence.

    >>> spent = {"used": 5.1, "limit": 5.0}
    >>> suspension_line({"owner": "tenant:3", "measure": "money_per_day", "evidence": spent}, "EUR")
    'tenant:3  money_per_day  5.1 of 5.0 EUR'
    """
    measure, evidence = item["measure"], item["evidence"]
    much = f"{evidence.get('used', '-')} of {evidence.get('limit', '-')}"
    return f"{item['owner']}  {measure}  {_with_unit(measure, much, unit)}"


def _with_unit(measure: str, much: object, unit: str) -> str:
    return f"{much} {unit}".rstrip() if measure == Measure.MONEY else str(much)


def _currency() -> str:
    """The database knows it; without one the numbers stand alone."""
    return portal_answer("currency").strip()


def _ask(verb: str, **args: Any) -> Any:
    try:
        return ask(Paths.from_environment().guard_socket, verb, 5.0, **args)
    except GuardRefusal as refusal:
        refuse(str(refusal))
    except GuardUnreachable as error:
        refuse_unanswered(str(error))
