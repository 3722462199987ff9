"""A call whose DTLS never comes true is ended: a certificate other than the announced one proves nothing (case 77)."""

import asyncio
from typing import Any

import pytest

from ringfence.guard.kernel import pinholes
from ringfence.guard.kernel.firewall import DryRun
from ringfence.guard.live.calls import Calls
from ringfence.guard.relay.media import Relay
from ringfence.guard.relay.mediawatch import MOST_LOOKS, NO_KEYS, SHORT_KEYS, MediaWatch
from tests.unit.guard.workshop import InKernel

PLACE = "192.0.2.7:4000"


class Answering(Relay):
    """A relay that says of every call which suite the caller's side has."""

    def __init__(self, suite: str, *flags: str, port: int = 46_000) -> None:
        super().__init__()
        self.suite, self.flags, self.heard_at = suite, list(flags), port
        self.asked: list[str] = []

    def reports(self, call_ids: Any) -> dict[str, dict[str, Any]]:
        self.asked += call_ids.values()
        stream = {"local port": self.heard_at, **({"crypto suite": self.suite} if self.suite else {})}
        return {key: {"tags": {"f": {"medias": [{"flags": self.flags, "streams": [stream]}]}}} for key in call_ids}


def talking(caller: str = "sip:192.0.2.7:4000;transport=ws", leg: str = "dtls+browser") -> Calls:
    calls = Calls()
    calls.started(b"", {"call_id": "a", "t": 1.0, "kind": "call.started", "sip_call_id": "x"})
    calls.answered(b"", {"call_id": "a", "t": 2.0, "media": True, "dialog": [1, 2]})
    sides = {"caller": caller, "callee": "sip:192.0.2.9:5060;transport=udp", "caller_leg": leg, "callee_leg": "plain"}
    told = {"dialog": {"from_tag": "f", "to_tag": "t"}, "vars": sides}
    calls.confirmed(b"", {"call_id": "a", "t": 3.0, **told})
    return calls


@pytest.mark.parametrize(("suite", "ended"), [("", ["a"]), ("AEAD_AES_256_GCM", [])])
def test_a_call_ends_when_one_side_never_proves_its_keys(suite: str, ended: list[str]) -> None:
    calls = talking()
    watch = MediaWatch(calls, Answering(suite), DryRun())
    for _ in range(MOST_LOOKS - 1):
        asyncio.run(watch.look())
    assert watch.to_end()[NO_KEYS] == [], "a slow handshake is waited for"
    asyncio.run(watch.look())
    assert watch.to_end()[NO_KEYS] == ended
    calls.mark_ending("a", NO_KEYS)
    assert watch.to_end()[NO_KEYS] == [], "once"


@pytest.mark.parametrize(
    ("outer", "said", "ended"), [("", "DTLS-SRTP", ["a"]), ("AEAD_AES_128_GCM", "DTLS-SRTP AEAD_AES_128_GCM", [])]
)
def test_of_a_browser_outside_the_relay_of_the_sbc_knows(outer: str, said: str, ended: list[str]) -> None:
    """On the link its media is encrypted whether the browser's keys were proved or not."""
    calls = talking(f"sip:127.0.0.1:5069;transport=tls;client={PLACE}/wss", "sdes")
    sbc = Answering(outer)
    watch = MediaWatch(calls, Answering("AEAD_AES_256_GCM"), DryRun(), sbc)
    for _ in range(MOST_LOOKS):
        asyncio.run(watch.look())
    assert set(sbc.asked) == {f"9dd4e461268c8034f5c8564e155c67a6-{PLACE}"}
    [call] = calls.listing()
    assert call["caller_rtp"] == said
    assert calls.heard_outside("a") == {"caller_rtp": said}
    assert watch.to_end()[NO_KEYS] == ended


def test_the_ports_where_a_browser_outside_proves_itself_are_open_at_the_sbcs_relay(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Case 71: its sound may come from another address than its WebSocket; ICE says who it is."""
    monkeypatch.setattr(pinholes, "reserve", lambda: True)
    firewall = InKernel()
    outer = Answering("AEAD_AES_256_GCM", "ICE", port=25_002)
    calls = talking(f"sip:127.0.0.1:5069;transport=tls;client={PLACE}/wss", "sdes")
    asyncio.run(MediaWatch(calls, Answering("AEAD_AES_256_GCM"), firewall, outer).look())
    assert firewall.holes is not None
    assert firewall.holes.ports == {25_002}


def test_of_phones_outside_and_of_everybody_inside_only_the_own_relay_is_asked() -> None:
    for place in (f"sip:127.0.0.1:5069;transport=tls;client={PLACE}/udp", "sip:192.0.2.7:5060"):
        sbc = Answering("")
        asyncio.run(MediaWatch(talking(place, "sdes"), Answering("AEAD_AES_256_GCM"), DryRun(), sbc).look())
        assert sbc.asked == []


@pytest.mark.parametrize(
    ("leg", "suite", "ended"),
    [
        ("dtls+browser+strong", "AES_CM_128_HMAC_SHA1_80", ["a"]),
        ("dtls+browser+strong", "AES_CM_128_HMAC_SHA1_32", ["a"]),
        ("dtls+browser+strong", "AEAD_AES_256_GCM", []),
        ("dtls+browser+strong", "", []),
        ("dtls+browser", "AES_CM_128_HMAC_SHA1_80", []),
    ],
)
def test_keys_shorter_than_allowed_end_the_call_as_soon_as_they_are_known(
    leg: str, suite: str, ended: list[str]
) -> None:
    """Reference "SRTP and DTLS-SRTP for Audio and Video": AES-256 (docs/adr/0056)."""
    calls = talking(leg=leg)
    watch = MediaWatch(calls, Answering(suite), DryRun())
    asyncio.run(watch.look())
    assert watch.to_end()[SHORT_KEYS] == ended
    calls.mark_ending("a", SHORT_KEYS)
    assert watch.to_end()[SHORT_KEYS] == [], "once"


def test_of_a_browser_outside_the_keys_it_agreed_on_count_and_not_those_of_the_link() -> None:
    """Reference "SRTP and DTLS-SRTP for Audio and Video": AES-256 (docs/adr/0056)."""
    calls = talking(f"sip:127.0.0.1:5069;transport=tls;client={PLACE}/wss", "sdes+strong")
    watch = MediaWatch(calls, Answering("AEAD_AES_256_GCM"), DryRun(), Answering("AES_CM_128_HMAC_SHA1_80"))
    asyncio.run(watch.look())
    assert watch.to_end()[SHORT_KEYS] == ["a"]
