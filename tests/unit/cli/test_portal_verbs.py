"""What a verb of the portal says when it cannot do it (issue 2: an error names what to do)."""

import subprocess
from typing import Final

import pytest
import typer
from django.db import OperationalError

from ringfence.cli import portal_command
from ringfence.portal import manage

REFUSAL: Final = "CommandError: There is no such tenant.\n"


def test_a_refusal_speaks_as_the_product_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = subprocess.CompletedProcess([], 1, "", REFUSAL)
    monkeypatch.setattr(portal_command, "run_as", lambda *_: outcome)
    with pytest.raises(typer.Exit) as ended:
        portal_command.run_portal("tenant", "list")
    assert (ended.value.exit_code, capsys.readouterr().err) == (1, "ringfence: There is no such tenant.\n")


def test_a_database_that_is_not_there_is_named_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first start every such verb printed forty lines of Python."""

    def missing(_: list[str]) -> None:
        raise OperationalError("unable to open database file")

    monkeypatch.setattr(manage, "execute_from_command_line", missing)
    with pytest.raises(SystemExit, match=r"unable to open database file\. `ringfence up` makes it"):
        manage.main(["tenant", "list"])
