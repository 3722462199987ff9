"""`ringfence check-password`: reads one line from standard input and prints each password rule that it breaks."""

import sys
from dataclasses import asdict
from typing import Annotated

import typer

from ringfence.cli.outcome import REFUSED, print_json
from ringfence.policy.passwords import check_password as broken_rules


def check_password(
    account: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="A name, number or login the password must not hold.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False,
) -> None:
    """Read one line from standard input and print the password rules it breaks, never the password itself."""
    problems = broken_rules(sys.stdin.readline().rstrip("\r\n"), account or [])
    if as_json:
        print_json({"accepted": not problems, "errors": [asdict(problem) for problem in problems]})
    elif not problems:
        print("Accepted: the password keeps all rules.")
    else:
        print("\n".join(f"{problem.rule}: {problem.message}" for problem in problems))
    if problems:
        raise typer.Exit(REFUSED)
