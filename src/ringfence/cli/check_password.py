"""`ringfence check-password`: reads one line from standard input and prints each password rule that it breaks."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from ringfence import wellknown
from ringfence.cli.outcome import REFUSED, misuse, print_json
from ringfence.hosts.paths import Paths
from ringfence.policy.people.passwords import READY_MADE
from ringfence.policy.people.passwords import check_password as broken_rules


def check_password(
    account: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="A name, number or login the password must not hold.")
    ] = None,
    policy: Annotated[str, typer.Option(help=f"One of: {', '.join(READY_MADE)}.")] = "reference",
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False,
) -> None:
    """Read one line from standard input and print the password rules it breaks, never the password itself."""
    if policy not in READY_MADE:
        misuse(f"there is no policy named {policy!r}; choose one of: {', '.join(READY_MADE)}")
    password = sys.stdin.readline().rstrip("\r\n")
    problems = broken_rules(password, account or [], policy=READY_MADE[policy], is_common=_is_common)
    if as_json:
        print_json({"accepted": not problems, "errors": [asdict(problem) for problem in problems]})
    elif not problems:
        print("Accepted: the password keeps all rules.")
    else:
        print("\n".join(f"{problem.rule}: {problem.message}" for problem in problems))
    if problems:
        raise typer.Exit(REFUSED)


def _is_common(password: str) -> bool:
    return wellknown.is_well_known(password, Paths.from_environment().portal)
