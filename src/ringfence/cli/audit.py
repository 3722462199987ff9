"""`ringfence audit`: the audit log, through the portal's own command."""

from enum import StrEnum
from typing import Annotated

import typer

from ringfence.cli.portal_command import run_portal

group = typer.Typer(help="Prove and print the audit log.", no_args_is_help=True)


class FileFormat(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@group.command("verify")
def verify(as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False) -> None:
    """Prove that no entry was altered, removed or cut off; ends with 1 if one was."""
    run_portal("audit", "verify", *(("--json",) if as_json else ()))


@group.command("export")
def export(
    file_format: Annotated[FileFormat, typer.Option("--format", help="csv or jsonl.")] = FileFormat.JSON_LINES,
) -> None:
    """Print every entry, oldest first."""
    run_portal("audit", "export", "--format", file_format.value)


@group.command("accept")
def accept() -> None:
    """Anchor the log as it stands now. Only after you looked into what `verify` found."""
    run_portal("audit", "accept")
