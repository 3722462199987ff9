"""The dry run over REST and on the page: asks the guard with whole settings, shows its answer, changes nothing."""

import pytest
from django.test import Client

from ringfence.portal.security.models import SecurityValues
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import signed_in_browser

pytestmark = pytest.mark.unit

ROW = {
    "address": "198.51.100.7", "fate": "banned", "at": 1.0, "why": "<b>", "phones": ["101@a.example"], "failures": 10,
    "accounts": ["102@a.example"],
}  # fmt: skip
ANSWER = {
    "summary": "This would have stopped 1 more source: 198.51.100.7 (1 phone).", "events": 1234, "from": 1.0, "to": 2.0,
    "spoiled": 1700,
    "sentences": ["This would have stopped one more source: 198.51.100.7."],
    "whole": True, "not_replayed": ["level_1"], "stopped": [ROW], "let_through": [], "spared": [], "counts": {},
}  # fmt: skip


def test_the_guard_is_asked_with_whole_settings(site: Site) -> None:
    site.guard.answers["policy.dry-run"] = ANSWER
    entry = {"cidr": "192.0.2.0/24", "target": "block"}
    body = {"settings": {"failed_authentication_limit": 10}, "entries": [entry]}
    assert site.admin.post("settings/security/dry-run", **body)["summary"] == ANSWER["summary"]
    asked = dict(site.guard.asked)["policy.dry-run"]
    assert asked["entries"] == [entry]
    assert asked["settings"]["failed_authentication_limit"] == 10
    assert asked["settings"]["detection_period"] == SecurityValues.current().detection_period
    assert SecurityValues.current().failed_authentication_limit == 50


def test_nonsense_is_refused_before_the_guard_is_asked(site: Site) -> None:
    refused = site.admin.refusal("POST", "settings/security/dry-run", {"settings": {"failed_authentication_limit": 0}})
    assert refused["error_id"] == "settings.range"
    assert "policy.dry-run" not in site.guard.verbs()


def test_the_page_shows_the_answer_escaped(site: Site) -> None:
    site.guard.answers["policy.dry-run"] = ANSWER
    browser: Client = signed_in_browser("admin")
    page = browser.post("/security/dry-run", {"detection_period": "abc"}, secure=True)
    assert b"alert-danger" in page.content
    values = {name: value for name, value in vars_of().items() if not isinstance(value, bool) or value}
    page = browser.post("/security/dry-run", values, secure=True)
    assert b"This would have stopped one more source: 198.51.100.7." in page.content
    assert b"&lt;b&gt;" in page.content
    assert b"no events and were left out: 1,700." in page.content


def vars_of() -> dict[str, int | bool]:
    current = SecurityValues.current()
    return {name: getattr(current, name) for name in current.__slots__ if not name.startswith("web_")}
