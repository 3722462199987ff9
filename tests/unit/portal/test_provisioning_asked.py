"""How phones and strangers ask for files: guesses away from any directory, slashes, HEAD (attack case V100)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ringfence.portal.provisioning.admission import claims_another
from ringfence.portal.provisioning.models import Phone
from ringfence.portal.provisioning.sweeps import SWEEPS
from tests.unit.portal.rest import Site
from tests.unit.portal.test_provisioning import ELSEWHERE, MAC, NOTHING, add, fetch, told

LINE_COSTS = 11
"""Savepoints among them."""

GUESSES = ("/{}.cfg", "/cfg{}.xml", "/polycom/{}-phone.cfg", "/config/SEP{}.cnf.xml", "/spa{}.XML")


@pytest.fixture(autouse=True)
def _fresh_count() -> None:
    SWEEPS.forget()


def ask(path: str) -> HttpResponse:
    """Any address of the portal, as a stranger without a session."""
    answer: Any = Client().get(path, REMOTE_ADDR=ELSEWHERE, secure=True, headers={"Host": "pbx.example"})
    return answer


@pytest.mark.parametrize("place", GUESSES)
def test_a_sweep_that_knows_no_directory_is_one_too(site: Site, place: str) -> None:
    """Case 100: scanners ask for the files at the top, where no directory is."""
    for number in range(21):
        assert told(ask(place.format(f"00156500{number:04x}"))) == NOTHING
    assert [args["address"] for verb, args in site.guard.asked if verb == "bans.add"] == [ELSEWHERE]


def test_pages_that_are_not_there_are_no_sweep(site: Site) -> None:
    for page in ("/nothing", "/favicon.ico", "/static/app.001565aabbcc.html", "/phones/001565aabbcc"):
        for _ in range(21):
            assert ask(page).status_code == 404
    assert "bans.add" not in site.guard.verbs()


@pytest.mark.parametrize(
    "agent",
    [
        "FileTransport PolycomVVX-VVX_411-UA/5.9.5.0614 (SN:{}) Type/Application",
        "Yealink SIP-T46S 66.85.0.5 {}",
        "Grandstream Model HW GXP2160 SW 1.0.11.35 DevId {}",
        "Mozilla/4.0 (compatible; snomD735-SIP 10.1.54.13 {})",
        "Cisco/SPA504G-7.6.2 ({})(CCQ16440ABC)",
        "Fanvil X4 2.4.5 MAC:{}",
    ],
)
def test_a_phone_that_names_another_mac_is_refused_whoever_made_it(agent: str) -> None:
    """Case 102: the User-Agents as the vendors write them."""
    for spelled in ("0015650000ee", "0015650000EE", "00:15:65:00:00:EE", "00-15-65-00-00-ee"):
        assert claims_another(agent.format(spelled), "001565aabbcc")
        assert not claims_another(agent.format(spelled), "0015650000ee")


@pytest.mark.parametrize(
    "agent", ["", "Phone 1.2.3", "x 00:15:65:aa:bb:cc:dd:ee", "id 001565aabbccdd", "a-b0-00-11-22"]
)
def test_what_is_no_mac_says_nothing(agent: str) -> None:
    assert not claims_another(agent, "0015650000ee")


def test_a_phone_that_adds_a_slash_of_its_own_finds_its_file(site: Site) -> None:
    """The address it was told ends with one; some append `/cfgMAC.xml` to it."""
    made = add(site, vendor="grandstream")
    assert fetch(f"{made['directory']}/cfg{MAC}.xml", agent="").status_code == 200
    assert "bans.add" not in site.guard.verbs()


def test_head_tells_the_length_and_takes_nothing(site: Site) -> None:
    """RFC 9110 section 9.3.2: a phone that looks first must not take its file for an empty one."""
    made = add(site, grace_minutes=0)
    looked = fetch(made["file"], method="HEAD")
    taken = fetch(made["file"])
    assert (looked.status_code, looked.content, taken.status_code) == (200, b"", 200)
    assert looked["Content-Length"] == str(len(taken.content))


def test_phones_are_called_when_the_encryption_of_their_extension_changes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A phone that is not told to encrypt has its calls refused, so it is not left to find out (issue 6, 7)."""
    said: list[dict[str, Any]] = []
    monkeypatch.setattr("ringfence.portal.provisioning.resync.tell_voice", said.append)
    made = add(site)
    Phone.objects.update(open_until=timezone.now() - timedelta(days=1), bound_to=ELSEWHERE)
    path = f"users/{site.users['101@a.example']}/media"
    assert site.a.call("PUT", path, {"encryption": "required"})[0] == 200
    assert [one["aor"] for one in said] == ["101@a.example"]
    assert b"account.1.srtp_encryption = 2\n" in fetch(made["file"]).content
    site.a.call("PUT", path, {"encryption": "required"})
    site.a.call("PATCH", f"users/{site.users['101@a.example']}/calling", {"do_not_disturb": True})
    assert len(said) == 1, "nothing else changed for them"


def test_a_line_of_a_file_costs_few_questions(site: Site) -> None:
    """While 1,000 phones are made nobody else can write: with 13 questions for each line it was half a minute."""
    counts = []
    for lines in (1, 21):
        text = "extension,vendor,mac\n" + "".join(
            f"{100 + at % 2},yealink,0015650{lines:02}{at:03x}\n" for at in range(lines)
        )
        with CaptureQueriesContext(connection) as asked:
            answer = site.a.post("phones/import", tenant_id=site.tenants["a"], text=text, dry_run=True)
        assert [line for line in answer["lines"] if line["faults"]] == []
        counts.append(len(asked))
    assert (counts[1] - counts[0]) / 20 <= LINE_COSTS
