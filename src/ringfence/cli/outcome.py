"""How every verb answers: 0 done, 1 refused or failed with the reason on standard error, 2 wrong usage."""

import json
import re
import sys
from typing import Final, NoReturn

import typer

from ringfence.engines.keep import running_supervisor
from ringfence.hosts.paths import Paths

DONE, REFUSED, WRONG_USAGE = 0, 1, 2
NOTHING_RUNS: Final = "nothing runs here, and nothing is restarted by itself; start it: ringfence up"
LONGEST_COMPLAINT: Final = 500
UNANSWERED: Final = ("does not answer", "without the guard")
"""What the portal says when a process that it asks is not there."""


def refuse(reason: str) -> NoReturn:
    sys.stderr.write(f"ringfence: {reason}\n")
    raise typer.Exit(REFUSED)


def refuse_unanswered(reason: str) -> NoReturn:
    """Somebody who should answer did not: why, and how to start everything if nothing runs."""
    sys.stderr.write(f"ringfence: {reason}\n")
    say_if_nothing_runs()
    raise typer.Exit(REFUSED)


def refuse_as_told(complaint: str, code: int) -> NoReturn:
    """With what a command of the portal said and its exit code."""
    complain_as_told(complaint)
    if any(words in complaint for words in UNANSWERED):
        say_if_nothing_runs()
    raise typer.Exit(WRONG_USAGE if code == WRONG_USAGE else REFUSED)


def complain_as_told(complaint: str) -> None:
    sys.stderr.write(re.sub(r"^CommandError(?=: )", "ringfence", complaint.strip()) + "\n")


def complain_of_silence(complaint: str) -> None:
    """For a verb that goes on without the answer: where nothing runs, that alone is told."""
    if not (any(words in complaint for words in UNANSWERED) and say_if_nothing_runs()):
        complain_as_told(complaint[-LONGEST_COMPLAINT:])


def say_if_nothing_runs() -> bool:
    if running_supervisor(Paths.from_environment().supervise) is not None:
        return False
    sys.stderr.write(f"ringfence: {NOTHING_RUNS}\n")
    return True


def misuse(reason: str) -> NoReturn:
    sys.stderr.write(f"ringfence: {reason}\n")
    raise typer.Exit(WRONG_USAGE)


def print_json(document: object) -> None:
    sys.stdout.write(json.dumps(document, indent=2, default=str) + "\n")
