"""`ringfence dry-run`: sentences for people, exit codes for scripts."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ringfence.cli.app import build
from ringfence.cli.dry_run import UNKNOWN, explanation

pytestmark = pytest.mark.unit

FOUND: dict[str, Any] = {
    "summary": "This would have stopped 1 more source: 198.51.100.7 (1 phone).", "events": 12, "spoiled": 3,
    "whole": True,
    "stopped": [{"address": "198.51.100.7", "why": "antihacking.failed_authentication", "phones": ["101@a.example"]}],
    "let_through": [], "spared": [],
}  # fmt: skip


def test_the_answer_as_sentences() -> None:
    assert explanation(FOUND) == [
        FOUND["summary"],
        "Replayed 12 events.",
        "Lines of the journal that are no events and were left out: 3.",
        UNKNOWN,
        "Stopped: 198.51.100.7 (antihacking.failed_authentication); phones there: 101@a.example",
    ]


def test_where_not_all_was_replayed_it_says_since_when() -> None:
    said = explanation({**FOUND, "whole": False, "from": 1795508401.5})
    assert said[1] == "Replayed 12 events, those from 2026-11-24 08:20:01 UTC on: all there are would take too long."


@pytest.mark.parametrize(("words", "code"), [(["--set", "x"], 2), (["--set", "x=y"], 2), (["--nonsense"], 2), ([], 1)])
def test_exit_codes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], code: int) -> None:
    """2 for wrong usage, 1 with the reason when the guard does not answer."""
    monkeypatch.setenv("RINGFENCE_RUN_DIR", str(tmp_path))
    done = CliRunner().invoke(build(), ["dry-run", *words])
    assert done.exit_code == code
