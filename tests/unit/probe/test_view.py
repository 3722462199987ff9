"""Issue "a view from outside": what was seen is compared with the plan, and what helps an attacker is named."""

import pytest

from ringfence.hosts.firewall.plan import Opening, Plan
from ringfence.hosts.ports import Transport
from ringfence.probe.sip import Answer, parsed, told_apart
from ringfence.probe.view import Sip, Tls, View, Web, differences, weaknesses

PORTAL = Opening("web-8887", Transport.TCP, 8887, 8887, "the portal")
SIP = Opening("sip-udp-5060", Transport.UDP, 5060, 5060, "phones")
SSH = Opening("ssh-10210", Transport.TCP, 10210, 10210, "administration", ("192.0.2.0/24",))
RTP = Opening("rtp-45000", Transport.UDP, 45000, 64999, "media")
PLAN = Plan((PORTAL, SIP, SSH, RTP))


def view(**values: object) -> View:
    return View("pbx.example", "203.0.113.9", "203.0.113.7", 0.0, 100, **{"tcp": (8887,), **values})  # type: ignore[arg-type]


def test_what_is_as_planned_is_no_difference() -> None:
    assert list(differences(view(udp=(5060,)), PLAN)) == []
    assert list(differences(view(tcp=(8887, 10210)), PLAN)) == []


def test_more_and_less_than_the_plan_is_named() -> None:
    said = " ".join(differences(view(tcp=(8888,), udp=(5066,)), PLAN))
    assert "8888/tcp is open" in said
    assert "5066/udp answers" in said
    assert "8887/tcp is open by plan" in said


def test_what_is_open_at_another_address_of_the_host_is_not_missed_here() -> None:
    """A provider's link: seen from there its transport is as planned, and from elsewhere it has to be closed."""
    plan = Plan((PORTAL, Opening("sip-tcp-5070-at", Transport.TCP, 5070, 5070, "carrier", (), ("10.9.0.1/32",))))
    assert list(differences(view(), plan)) == []
    assert "5070/tcp is open" in " ".join(differences(view(tcp=(8887, 5070)), plan))
    there = View("10.9.0.1", "10.9.0.1", "10.9.0.9", 0.0, 100, tcp=(8887, 5070))
    assert list(differences(there, plan)) == []


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({"tls": (Tls(8887, ("TLSv1", "TLSv1.2")),)}, "speaks TLSv1"),
        ({"tls": (Tls(8887, ("TLSv1.3",), "", True),)}, "self-signed"),
        ({"tls": (Tls(8887, ("TLSv1.3",), "", False, 3),)}, "ends in 3 days"),
        ({"web": (Web(8888, False, 404),)}, "clear text"),
        ({"web": (Web(80, False, 301, "https://pbx:8887/"),)}, "redirects to"),
        ({"web": (Web(8887, True, 200, "", "nginx/1.26.3"),)}, "names its software"),
        ({"web": (Web(8887, True, 200, "", "", True),)}, "lists a directory"),
        ({"web": (Web(8885, True, 200, "", "", False, True),)}, "any site"),
        ({"sip": (Sip("udp", 5060, 200, "kamailio (6.0.1)"),)}, "names its software"),
        ({"sip": (Sip("udp", 5060, 401, "PBX", "100 is answered with 401, nobody with 404"),)}, "tells accounts apart"),
    ],
)
def test_what_helps_an_attacker_is_named(seen: dict[str, object], said: str) -> None:
    found = list(weaknesses(view(**seen)))
    assert any(said in sentence for sentence in found), found


def test_a_good_system_shows_nothing() -> None:
    good = view(
        tls=(Tls(8887, ("TLSv1.2", "TLSv1.3"), "TLS_AES_256_GCM_SHA384", False, 200),),
        web=(Web(8887, True, 200, "", "nginx"),),
        sip=(Sip("udp", 5060, 401, "PBX"),),
    )
    assert list(weaknesses(good)) == []


def test_answers_that_differ_by_chance_alone_are_alike() -> None:
    """Rule "a known and an unknown account answer alike"; nonces and tags differ always."""
    known = Answer(401, {"www-authenticate": 'Digest realm="a", nonce="1"', "server": "PBX"})
    unknown = Answer(401, {"www-authenticate": 'Digest realm="a", nonce="2"', "server": "PBX"})
    assert told_apart("100", known, unknown) == ""
    assert told_apart("100", Answer(401, {"warning": "x"}), unknown) != ""
    assert told_apart("100", None, unknown) == ""
    assert told_apart("100", known, None) != ""
    assert parsed("HTTP/1.1 200 OK\r\n\r\n") is None
    assert parsed("") is None


@pytest.mark.parametrize(
    ("left", "lifetime", "is_named"), [(21, 365, True), (22, 365, False), (4, 6, False), (1, 6, True)]
)
def test_a_short_certificate_ends_soon_in_the_last_third_of_its_lifetime(
    left: int, lifetime: int, is_named: bool
) -> None:
    """As the doctor has it: one that is renewed every few days is no weakness while it is young."""
    seen = view(tls=(Tls(8887, ("TLSv1.3",), "", False, left, (), lifetime),))
    assert any("ends in" in sentence for sentence in weaknesses(seen)) is is_named
