"""docs/policy.md says what the code does, about every rule there is."""

import pytest

from ringfence.policy.settings import limits_of, setting_names
from tools import policy_doc
from tools.policy_words import ANSWERS, SENTENCES

pytestmark = pytest.mark.unit


def shown() -> list[str]:
    return [row.rule for table in policy_doc.tables() for row in table.rows]


def test_the_committed_page_is_the_generated_one() -> None:
    assert policy_doc.PAGE.read_text(encoding="utf-8") == policy_doc.page(), "run: make docs"


def test_every_rule_in_the_code_is_on_the_page() -> None:
    assert policy_doc.ids_in_code() == set(shown())


def test_no_sentence_is_left_of_a_rule_that_is_gone() -> None:
    assert set(SENTENCES) <= set(shown())
    assert set(ANSWERS) <= set(SENTENCES)


def test_gates_stand_in_the_order_they_are_asked() -> None:
    packet = next(table for table in policy_doc.tables() if table.title == "The packet itself")
    assert [row.rule for row in packet.rows][:2] == ["packet.size", "packet.singular"]
    assert packet.rows[0].answer == "513 Message Too Large"
    assert packet.rows[0].sentence.startswith("A message over 12 KiB is refused")


@pytest.mark.parametrize("setting", setting_names())
def test_a_setting_says_it_is_not_in_force_exactly_when_nothing_reads_it(setting: str) -> None:
    readers = [path for path in policy_doc.SOURCE.rglob("*.py") if setting in path.read_text(encoding="utf-8")]
    idle = [path.name for path in readers] == ["settings.py"]
    assert limits_of(setting).effect.startswith("Recorded, not in force yet") is idle
