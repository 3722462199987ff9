"""The voice network on its page and over REST (reference "Separate Voice and Data Traffic")."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from ringfence.hosts.voice_network import VoiceNetwork
from ringfence.portal import places
from ringfence.portal.audit.models import Entry
from ringfence.portal.transports import changes as transports
from tests.unit.portal.fakeguard import FakeGuard, answering
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser

USUAL = asdict(VoiceNetwork())
STATE = {
    "settings": USUAL,
    "links": [{"name": "eth0.42", "addresses": ["10.9.0.1"]}],
    "signalling_addresses": ["192.0.2.10"],
    "media_addresses": ["192.0.2.10"],
}
PATH = "settings/voice-network"


@pytest.fixture(autouse=True)
def process(site: Site) -> Iterator[FakeGuard]:
    changed = {**STATE, "settings": USUAL | {"signalling_dscp": 26}}
    answers = {"network.show": STATE, "network.change": changed}
    with answering(places.PATHS.transports_socket, answers) as fake:
        yield fake


@pytest.fixture
def up(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    calls: list[Any] = []
    monkeypatch.setattr(transports.guard, "listed", lambda verb, name: calls)
    return calls


def test_it_is_shown_and_changed_with_an_audit_entry(site: Site, process: FakeGuard) -> None:
    assert site.admin.get(PATH)["links"] == STATE["links"]
    assert site.admin.call("PATCH", PATH, {"signalling_dscp": 26})[1]["signalling_dscp"] == 26
    assert process.asked[-1] == ("network.change", {"settings": {"signalling_dscp": 26}})
    entry = Entry.objects.get(action="voice_network.changed")
    assert entry.changes == {"signalling_dscp": {"old": 24, "new": 26}}


def test_what_silences_calls_is_refused_while_calls_are_up(site: Site, process: FakeGuard, up: list[Any]) -> None:
    up.append({"call_id": "a"})
    refusal = site.admin.refusal("PATCH", PATH, {"media_on": "eth0.42"})
    assert (refusal["status"], refusal["error_id"]) == (409, "voice_network.calls_up")
    assert refusal["field"] == "interrupt_calls"
    assert [verb for verb, _ in process.asked] == ["network.show"]
    assert site.admin.call("PATCH", PATH, {"media_on": "eth0.42", "interrupt_calls": True})[0] == 200
    assert site.admin.call("PATCH", PATH, {"media_dscp": 46})[0] == 200, "nothing of it changes"


@pytest.mark.parametrize("values", [{"media_dscp": 64}, {"media_dscp": True}, {"capture_port": 0}, {"tos": 3}])
def test_nonsense_reaches_nobody(site: Site, process: FakeGuard, values: dict[str, Any]) -> None:
    assert site.admin.refusal("PATCH", PATH, values)["status"] == 422
    assert process.asked == []


def test_the_page_shows_what_is_in_force_and_puts_another_in_force(site: Site, process: FakeGuard, up: Any) -> None:
    person = browser()
    page = person.get("/voice-network", secure=True).content.decode()
    assert "eth0.42" in page
    assert "192.0.2.10" in page
    form = {name: str(value) for name, value in USUAL.items()}
    assert person.post("/voice-network", {**form, "signalling_dscp": "26"}, secure=True).status_code == 302
    assert process.asked[-1][1]["settings"]["signalling_dscp"] == 26
    assert person.post("/voice-network", {**form, "media_dscp": "99"}, secure=True).status_code == 422


def test_a_process_that_is_silent_is_said(site: Site, process: FakeGuard) -> None:
    process.stop()
    assert site.admin.refusal("GET", PATH, None)["status"] == 503
    assert "ringfence logs transports" in browser().get("/voice-network", secure=True).content.decode()
