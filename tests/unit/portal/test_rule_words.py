"""Rules are named in words where people read them; every rule that can refuse or ban somebody has some."""

import re
from pathlib import Path

import pytest
from django.utils import translation

from ringfence.portal.rulewords import WORDS, ruled
from ringfence.portal.system.templatetags.ringfence import grouped

DOCUMENT = Path(__file__).parents[3] / "docs" / "policy.md"


@pytest.mark.parametrize("group", ["packet", "source", "method", "identity", "registration", "websocket", "dialog"])
def test_every_rule_that_refuses_a_stranger_has_words(group: str) -> None:
    known = set(re.findall(rf"^\| `({group}\.[a-z_]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE))
    assert known and known <= set(WORDS)


def test_every_ban_and_every_reason_to_spare_has_words() -> None:
    found = re.findall(r"^\| `([a-z_]+\.[a-z_0-9]+)` \|", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    bans = {one for one in found if one.startswith(("antihacking.", "never_block.", "office.", "weblogin.", "ban."))}
    assert bans and bans <= set(WORDS)


def test_they_are_in_the_readers_language_and_a_rule_without_words_keeps_its_id() -> None:
    with translation.override("en"):
        english = {rule: str(words) for rule, words in WORDS.items()}
    with translation.override("de"):
        assert ruled("antihacking.failed_authentication") == "zu viele falsche SIP-Passwörter"
        assert [rule for rule, words in WORDS.items() if str(words) == english[rule]] == []
        assert grouped(100_000) == "100.000"
    assert ruled("new.rule") == "new.rule"


def test_every_rule_that_refuses_a_call_has_words() -> None:
    """They stand in call records, on the security dashboard and where a call is explained."""
    source = Path(__file__).parents[3] / "src" / "ringfence"
    code = "".join(
        path.read_text(encoding="utf-8") for part in ("policy", "signaling") for path in (source / part).rglob("*.py")
    )
    refusing = set(re.findall(r'Refuse\(\s*"([a-z_]+\.[a-z_0-9]+)"', code))
    assert len(refusing) > 60
    assert sorted(refusing - set(WORDS)) == []


def test_german_has_one_word_for_what_holds_when_nobody_chose() -> None:
    catalog = (Path(__file__).parents[3] / "src/ringfence/portal/locale/de/LC_MESSAGES/django.po").read_text(
        encoding="utf-8"
    )
    assert not re.findall("Vorgabe|Voreinst|Voreingest|Kennw", catalog)
