"""Registrations: the quick way takes in exactly what the careful way takes in, and nothing that is torn or odd."""

import itertools
import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringfence.guard.live.registrations import Registrations, Wish
from ringfence.journal.reader import decode

from .workshop import OFFICE, line, registration


def careful(*lines: bytes) -> Registrations:
    taken = Registrations()
    for raw in lines:
        taken.saved(raw, orjson.loads(raw))
    return taken


def quick(*lines: bytes) -> Registrations:
    taken = Registrations()
    for raw in lines:
        assert taken.saved_line(raw)
    return taken


def test_both_ways_take_in_the_same() -> None:
    lines = (registration(), registration("102@acme.example"), registration(source="203.0.113.9"))
    now = time.time()
    assert quick(*lines).listing(now) == careful(*lines).listing(now)
    assert quick(*lines).healthy_at("203.0.113.9", now) == ("101@acme.example",)
    assert quick(*lines).healthy_at(OFFICE, now) == ("102@acme.example",)
    assert [quick(*lines).are_at(source) for source in (OFFICE, "198.51.100.99")] == [True, False]


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_a_phone_sends_can_pose_as_a_field(agent: str, name: str) -> None:
    forged = agent + '"}],"complete":true,"source":"203.0.113.66","x":"' + name + '"}'
    raw = registration(user_agent=forged, display_name=name + '{"t":')
    taken = Registrations()
    if not taken.saved_line(raw):
        taken.saved(raw, orjson.loads(raw))
    assert taken.healthy_at(OFFICE, time.time()) == ("101@acme.example",)
    assert taken.listing(time.time())[0]["user_agent"] == forged


@given(st.integers(0, len(registration()) - 1), st.booleans())
def test_a_torn_line_is_never_taken_quickly(cut: int, glued: bool) -> None:
    whole = registration()  # its stamp may be a digit shorter than the one the bound was taken from
    torn = whole[: min(cut, len(whole) - 1)] + (registration("102@acme.example") if glued else b"")
    taken = Registrations()
    assert not (cut > 0 and taken.saved_line(torn))


@pytest.mark.parametrize(
    "odd",
    [
        registration(contacts=[]),
        registration(aor='a"b@acme.example'),
        line("registration.removed", aor="101@acme.example", contact="*"),
        line("call.started", call_id="registration.saved"),
        b"{}",
    ],
    ids=itertools.count(),
)
def test_anything_unusual_is_left_to_the_careful_way(odd: bytes) -> None:
    assert not Registrations().saved_line(odd)


def test_a_report_of_one_device_replaces_the_line_of_an_account_that_has_no_other() -> None:
    """Workers tell of one device at a refresh (`complete` false); other devices of the account must stay."""
    lines = (
        registration(),
        registration(complete=False, expires_in=500),
        registration("102@acme.example", complete=False),
    )
    now = time.time()
    assert [event["contacts"] for event in quick(*lines).listing(now)] == [
        event["contacts"] for event in careful(*lines).listing(now)
    ]
    assert quick(*lines).healthy_at(OFFICE, now) == ("101@acme.example", "102@acme.example")


def test_a_report_of_another_device_is_left_to_the_careful_way_which_keeps_both() -> None:
    second = registration(complete=False).replace(b"sip:101@", b"sip:desk@")
    taken = quick(registration())
    assert not taken.saved_line(second)
    taken.saved(second, orjson.loads(second))
    assert len(taken.listing(time.time())[0]["contacts"]) == 2
    assert not taken.saved_line(registration(complete=False))


def test_a_device_that_ran_out_is_forgotten_when_another_registers() -> None:
    gone = registration(expires_in=-5)
    second = registration(complete=False).replace(b"sip:101@", b"sip:desk@")
    taken = careful(gone, second)
    assert len(orjson.loads(taken.lines()[0])["contacts"]) == 1


def test_a_contact_without_a_plain_expiry_is_left_to_the_careful_way() -> None:
    assert not Registrations().saved_line(registration().replace(b'"expires_at":', b'"expires_at":-'))


def test_the_last_contact_to_run_out_decides() -> None:
    first, second = (orjson.loads(registration(expires_in=seconds))["contacts"][0] for seconds in (10, 500))
    taken = quick(registration(contacts=[second, first]))
    assert taken.healthy_at(OFFICE, time.time() + 400) == ("101@acme.example",)
    assert len(taken.listing(time.time() + 400)[0]["contacts"]) == 1
    assert taken.expire(time.time() + 600) == 1
    assert (len(taken), taken.bytes, taken.lines()) == (0, 0, [])


def test_removal_takes_one_contact_or_all() -> None:
    first, second = ({**orjson.loads(registration())["contacts"][0], "uri": uri} for uri in ("sip:1@a", "sip:2@a"))
    taken = quick(registration(contacts=[first, second]))
    taken.removed({"aor": "101@acme.example", "contact": "sip:1@a"})
    assert [item["uri"] for item in taken.listing(time.time())[0]["contacts"]] == ["sip:2@a"]
    taken.removed({"aor": "101@acme.example", "contact": "sip:2@a"})
    taken.removed({"aor": "unknown@acme.example", "contact": "*"})
    assert len(taken) == 0
    again = quick(registration())
    again.removed({"aor": "101@acme.example", "contact": "*"})
    assert again.healthy_at(OFFICE, time.time()) == ()


def test_a_partial_report_keeps_the_other_contacts() -> None:
    other = {**orjson.loads(registration())["contacts"][0], "uri": "sip:other@a"}
    partial = registration(contacts=[other], complete=False)
    entry = decode(partial)
    assert entry is not None
    taken = quick(registration())
    taken.saved(*entry)
    assert len(taken.listing(time.time())[0]["contacts"]) == 2


def test_what_only_the_core_asks_for_is_shown_to_nobody() -> None:
    """ADR 21: it stands in the journal for the next start, and is no field of the REST API."""
    taken = quick(registration(asked="sip:acme.example|<sip:101@198.51.100.7>|600"))
    shown = [*taken.listing(time.time()), *taken.page(time.time(), Wish()).registrations]
    assert len(shown) == 2
    assert not any("asked" in event for event in shown)
    assert [event["asked"].partition("|")[0] for event in taken.events(time.time())] == ["sip:acme.example"]


def test_tenants_see_their_own() -> None:
    taken = quick(registration(), registration("201@other.example", tenant_id=2))
    assert [item["aor"] for item in taken.listing(time.time(), 2)] == ["201@other.example"]


def test_pages_are_cut_in_order_and_only_of_one_domain() -> None:
    own = [f"{number}@acme.example" for number in range(100, 125)]
    taken = quick(*(registration(aor) for aor in reversed(own)), registration("101@evilacme.example"))
    first = taken.page(time.time(), Wish("acme.example", limit=10))
    assert [item["aor"] for item in first.registrations] == own[:10]
    assert (first.count, first.has_previous, first.has_next) == (25, False, True)
    last = taken.page(time.time(), Wish("acme.example", after=own[19], limit=10))
    assert [item["aor"] for item in last.registrations] == own[20:]
    assert (last.has_previous, last.has_next) == (True, False)
    back = taken.page(time.time(), Wish("acme.example", before=own[15], limit=10))
    assert [item["aor"] for item in back.registrations] == own[5:15]


def test_a_page_is_searched_by_extension_and_address_and_leaves_out_what_ran_out() -> None:
    taken = quick(registration(source="192.0.2.9"), registration("102@acme.example"))
    for text, found in (("101", 1), ("192.0.2", 1), ("acme", 2), ("nobody", 0)):
        assert taken.page(time.time(), Wish(search=text)).count == found
    assert taken.page(time.time() + 400, Wish()).registrations == []


def test_an_ipv6_office_is_found_by_its_64() -> None:
    taken = careful(registration(source="2001:db8:1:2::5"), registration("102@acme.example", source="odd:source"))
    assert taken.healthy_at("2001:db8:1:2::/64", time.time()) == ("101@acme.example",)


def _renewal(aor: str, at: int, contact: str) -> dict[str, object]:
    return {"t": 1.0, "kind": "registration.renewed", "renewals": [f"{aor}|{at}|600|{contact}"]}


def _ends(taken: Registrations, now: float) -> dict[str, int]:
    return {item["uri"]: item["expires_at"] for event in taken.listing(now) for item in event["contacts"]}


def test_a_renewal_prolongs_the_only_device_wherever_it_is_asked_for() -> None:
    """ADR 21: the line stays, the time is newer; the snapshot holds it, and a partial report builds on it."""
    now = int(time.time())
    taken = quick(registration())
    uri = taken.listing(now)[0]["contacts"][0]["uri"]
    taken.heard()
    taken.renewed(_renewal("101@acme.example", now + 9_000, f"<{uri}>;x=y"))
    assert _ends(taken, now + 9_500) == {uri: now + 9_600}
    assert taken.page(now + 9_500, Wish()).registrations[0]["contacts"][0]["expires_at"] == now + 9_600
    assert orjson.loads(taken.lines()[0])["contacts"][0]["expires_at"] == now + 9_600
    assert taken.heard() == {OFFICE}
    assert _ends(careful(*taken.lines()), now) == _ends(taken, now)


def test_a_renewal_prolongs_one_device_of_several() -> None:
    now = int(time.time())
    first = registration()
    other = registration(
        contacts=[{**orjson.loads(first)["contacts"][0], "uri": "sip:101@198.51.100.8"}], complete=False
    )
    taken = careful(first, other)
    taken.renewed(_renewal("101@acme.example", now + 9_000, "<sip:101@198.51.100.8>"))
    ends = _ends(taken, now)
    assert ends.pop("sip:101@198.51.100.8") == now + 9_600
    assert len(ends) == 1
    assert max(ends.values()) < now + 9_000


def test_a_late_renewal_brings_nothing_back_and_shortens_nothing() -> None:
    now = int(time.time())
    taken = quick(registration())
    before = _ends(taken, now)
    (uri,) = before
    for late in (
        _renewal("101@acme.example", 1_000, f"<{uri}>"),
        _renewal("102@acme.example", now, f"<{uri}>"),
        _renewal("101@acme.example", now + 9_000, "<sip:101@gone.example>"),
    ):
        taken.renewed(late)
    assert _ends(taken, now) == before
