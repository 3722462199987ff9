"""The IP blacklist on the command line: its entries one by one, and whole lists by `ringfence ban|allow import|export`.

They are the portal's own command, run as the portal's account, so they work while its web process is down.
"""

import json
import subprocess
import sys
from contextlib import nullcontext
from enum import StrEnum
from pathlib import Path
from typing import IO, Annotated, Any, Final

import typer

from ringfence.cli.outcome import REFUSED, misuse, print_json, refuse, refuse_as_told
from ringfence.engines.supervision.children import manage, portal_environment
from ringfence.engines.supervision.privileges import run_as
from ringfence.engines.system import this_system
from ringfence.hosts import accounts

SECONDS: Final = 600.0
SECONDS_OF_ONE: Final = 60.0
STANDARD_INPUT: Final = "-"


class ListForm(StrEnum):
    """How a list is written."""

    CSV = "csv"
    JSON = "json"
    PLAIN = "plain"


File = Annotated[str, typer.Argument(metavar="FILE", help="The list; - reads standard input.")]
InForm = Annotated[ListForm, typer.Option("--form", help="csv, json, or plain: one address or prefix a line.")]
AsWritten = Annotated[
    ListForm | None, typer.Option("--form", help="csv, json or plain; without it by the file's name, or how it begins.")
]
Prefix = Annotated[str, typer.Argument(metavar="ADDRESS", help="An address, 192.0.2.0/24 or 192.0.2.0/255.255.255.0.")]
Why = Annotated[str, typer.Option("--description", help="Why; shown in the list.")]
Described = Annotated[str, typer.Option("--description", help="For rows without one.")]
ForSeconds = Annotated[int, typer.Option("--seconds", help="End after so many seconds; never without.", min=0)]
OnlyTry = Annotated[bool, typer.Option("--dry-run", help="Only say what the list would do.")]
AsJson = Annotated[bool, typer.Option("--json", help="As a JSON document.")]


def add_to(group: typer.Typer, command: str, action: str) -> None:
    """Gives a group its two verbs; `command` is the portal's, `action` what its entries do."""

    @group.command("import", help=f"Add a list of addresses to {action}: all rows or, if one is refused, none.")
    def import_list(
        file: File,
        form: AsWritten = None,
        description: Described = "",
        seconds: ForSeconds = 0,
        dry_run: OnlyTry = False,
        as_json: AsJson = False,
    ) -> None:
        written = ["--form", form.value] if form else ["--name", Path(file).name]
        words = [*written, "--description", description, "--seconds", str(seconds)]
        outcome = json.loads(_run(command, "import", *words, *(["--dry-run"] if dry_run else []), file=file))
        if as_json:
            print_json(outcome)
        else:
            print("\n".join(told(outcome, dry_run)))
        if outcome["problem_count"]:
            raise typer.Exit(REFUSED)

    @group.command("export", help=f"Write the entries to {action} to standard output.")
    def export_list(form: InForm = ListForm.CSV) -> None:
        sys.stdout.write(_run(command, "export", "--form", form.value))


def add_entry(command: str, prefix: str, description: str, seconds: int, as_json: bool) -> None:
    carry_out(command, as_json, "add", prefix, "--description", description, "--seconds", str(seconds))


def carry_out(command: str, as_json: bool, *words: str) -> None:
    """One verb about one entry; `command` is the portal's, and so are the words it says."""
    flags = ("--json",) if as_json else ()
    try:
        said = _asked(command, *flags, *words, seconds=SECONDS_OF_ONE)
    except subprocess.TimeoutExpired:
        refuse("the database did not answer within a minute")
    typer.echo(said.rstrip("\n"))


def told(outcome: dict[str, Any], dry_run: bool) -> list[str]:
    """What became of a list, or would.

    >>> told({"rows": 3, "added": 2, "changed": 0, "unchanged": 1, "problem_count": 0, "problems": []}, False)
    ['3 rows: 2 added, 0 changed, 1 as before.']
    """
    counts = f"{outcome['added']} added, {outcome['changed']} changed, {outcome['unchanged']} as before"
    would = "would be " if dry_run else ""
    rows = [f"{problem['field']}: {problem['message']}" for problem in outcome["problems"]]
    return [f"{outcome['rows']} rows: {would}{counts}.", *rows]


def _run(command: str, *words: str, file: str = "") -> str:
    try:
        with _opened(file) as stdin:
            return _asked(command, "--json", *words, seconds=SECONDS, stdin=stdin)
    except subprocess.TimeoutExpired:
        refuse(f"the list was not taken in within {SECONDS:.0f} s")
    except OSError as error:
        misuse(f"{file} cannot be read: {error.strerror}")


def _asked(command: str, *words: str, seconds: float, stdin: IO[bytes] | None = None) -> str:
    """What the portal's command says; its refusal ends this one."""
    system = this_system()
    asked = manage(system, command, *words)
    outcome = run_as(accounts.PORTAL.name, asked, portal_environment(system), seconds, stdin=stdin)
    if outcome.returncode != 0:
        refuse_as_told(outcome.stderr, outcome.returncode)
    return outcome.stdout


def _opened(file: str) -> Any:
    if not file:
        return nullcontext(None)
    stdin: IO[bytes] = sys.stdin.buffer
    return nullcontext(stdin) if file == STANDARD_INPUT else Path(file).open("rb")
