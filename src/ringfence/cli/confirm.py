"""`ringfence confirm`: changes that revert by themselves unless somebody confirms them."""

from typing import Annotated

import typer

from ringfence.cli.portal_command import run_portal


def confirm(
    number: Annotated[int, typer.Argument(min=0, help="The change to confirm; without it, those that wait.")] = 0,
    revert: Annotated[bool, typer.Option("--revert", help="Take it back now instead.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False,
) -> None:
    """List the changes that wait for a confirmation, confirm one, or take one back."""
    words = [str(number)] if number else []
    run_portal("confirm", *words, *(["--revert"] if revert else []), *(["--json"] if as_json else []))
