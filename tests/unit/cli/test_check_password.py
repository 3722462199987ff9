"""`ringfence check-password`: rules and exit codes."""

import json

import pytest
from typer.testing import CliRunner

from ringfence.cli.app import build

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("words", "password", "code", "said"),
    [
        ([], "correct-Horse7", 0, "Accepted"),
        ([], "P@ssw0rd", 1, "password.common"),
        (["--account", "Ann Miller"], "Miller!7qx", 1, "password.account"),
        (["--policy", "nist-800-63b-4"], "a long walk to the sea", 0, "Accepted"),
        (["--policy", "nist-800-63b-4"], "correct-Horse7", 1, "15 to 256"),
        (["--policy", "none"], "correct-Horse7", 2, ""),
    ],
)
def test_it_prints_the_broken_rules_and_says_so_by_its_exit_code(
    words: list[str], password: str, code: int, said: str
) -> None:
    outcome = CliRunner().invoke(build(), ["check-password", *words], input=f"{password}\n")
    assert (outcome.exit_code, said in outcome.stdout) == (code, True)
    assert password not in outcome.stdout


def test_json_holds_rule_and_message() -> None:
    outcome = CliRunner().invoke(build(), ["check-password", "--json"], input="x1234!zqwK\n")
    document = json.loads(outcome.stdout)
    assert not document["accepted"]
    assert [item["rule"] for item in document["errors"]] == ["password.sequence"]
