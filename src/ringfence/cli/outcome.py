"""How every verb answers: 0 done, 1 refused or failed with the reason on standard error, 2 wrong usage."""

import json
import sys
from typing import NoReturn

import typer

DONE, REFUSED, WRONG_USAGE = 0, 1, 2


def refuse(reason: str) -> NoReturn:
    sys.stderr.write(f"ringfence: {reason}\n")
    raise typer.Exit(REFUSED)


def misuse(reason: str) -> NoReturn:
    sys.stderr.write(f"ringfence: {reason}\n")
    raise typer.Exit(WRONG_USAGE)


def print_json(document: object) -> None:
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")
