"""Runs a command of the portal as the portal's account; also works while the web process is down."""

import subprocess
from tempfile import TemporaryFile
from typing import Final

import typer

from ringfence.cli.outcome import complain_of_silence, refuse, refuse_as_told
from ringfence.engines.supervision.children import manage, portal_environment
from ringfence.engines.supervision.privileges import run_as
from ringfence.engines.system import this_system
from ringfence.hosts import accounts
from ringfence.hosts.addresses import NetworkUnreadable

SECONDS: Final = 60.0


def run_portal(*words: str) -> None:
    """Prints what the command prints and ends with its verdict."""
    typer.echo(portal_output(*words).rstrip("\n"))


def portal_output(*words: str) -> str:
    """What the command prints; ends with its verdict if that is not "done"."""
    system = this_system()
    try:
        outcome = run_as(accounts.PORTAL.name, manage(system, *words), portal_environment(system), SECONDS)
    except subprocess.TimeoutExpired:
        refuse("the database did not answer within a minute")
    if outcome.returncode != 0:
        refuse_as_told(outcome.stderr, outcome.returncode)
    return outcome.stdout


def portal_answer(*words: str, stdin: str = "") -> str:
    """What the command prints; "" when the database or the portal's files are out of reach."""
    try:
        system = this_system()
        with TemporaryFile() as told:
            told.write(stdin.encode())
            told.seek(0)
            outcome = run_as(
                accounts.PORTAL.name, manage(system, *words), portal_environment(system), SECONDS, stdin=told
            )
    except (OSError, subprocess.SubprocessError, NetworkUnreadable):
        return ""
    if outcome.returncode != 0:
        complain_of_silence(outcome.stderr.strip())
        return ""
    return outcome.stdout
