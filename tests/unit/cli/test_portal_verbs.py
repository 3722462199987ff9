"""What a verb of the portal says when it cannot do it (issue 2: an error names what to do)."""

import subprocess
from collections.abc import Callable
from typing import Final

import pytest
import typer
from django.db import OperationalError

from ringfence.cli import address_lists, ban, budget, outcome, portal_command
from ringfence.engines.supervision.processes import Identity
from ringfence.guardlink import GuardUnreachable
from ringfence.portal import manage

REFUSAL: Final = "CommandError: There is no such tenant.\n"


def test_a_refusal_speaks_as_the_product_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = subprocess.CompletedProcess([], 1, "", REFUSAL)
    monkeypatch.setattr(portal_command, "run_as", lambda *_: refused)
    with pytest.raises(typer.Exit) as ended:
        portal_command.run_portal("tenant", "list")
    assert (ended.value.exit_code, capsys.readouterr().err) == (1, "ringfence: There is no such tenant.\n")


@pytest.mark.parametrize("runs", [True, False])
@pytest.mark.parametrize(
    "verb",
    [
        pytest.param(lambda: portal_command.run_portal("transports"), id="transport list"),
        pytest.param(lambda: address_lists.carry_out("blocked", False, "list"), id="ban blocked"),
        pytest.param(ban.list_bans, id="ban list"),
        pytest.param(budget.suspended, id="budget suspended"),
    ],
)
def test_a_verb_that_nobody_answers_says_so_if_nothing_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], verb: Callable[[], None], runs: bool
) -> None:
    """While nothing ran they said that the process "is restarted by itself", with "CommandError" before it."""
    silent = subprocess.CompletedProcess([], 1, "", "CommandError: The process does not answer.\n")
    for module in (portal_command, address_lists):
        monkeypatch.setattr(module, "run_as", lambda *_, **__: silent)
    for module in (ban, budget):
        monkeypatch.setattr(module, "ask", nobody)
    monkeypatch.setattr(outcome, "running_supervisor", lambda _: Identity(1, 1) if runs else None)
    with pytest.raises(typer.Exit) as ended:
        verb()
    said = capsys.readouterr()
    first, *more = said.err.splitlines()
    assert (ended.value.exit_code, said.out) == (1, "")
    assert first == "ringfence: The process does not answer."
    assert more == ([] if runs else [f"ringfence: {outcome.NOTHING_RUNS}"])


def nobody(*_: object, **__: object) -> None:
    raise GuardUnreachable("The process does not answer.")


def test_a_database_that_is_not_there_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first start every such verb printed forty lines of Python."""

    def missing(_: list[str]) -> None:
        raise OperationalError("unable to open database file")

    monkeypatch.setattr(manage, "execute_from_command_line", missing)
    with pytest.raises(SystemExit, match=r"unable to open database file\. `ringfence up` makes it"):
        manage.main(["tenant", "list"])
