"""Reference "Separate Voice and Data Traffic": marks, a link for media, a limit on the voice VLAN, a copy of SIP."""

import re
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, end_call, establish

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("oracle")]
SETTINGS: Final = "settings/voice-network"
VLAN: Final = "eth0.42"
VOICE_ADDRESS: Final = "10.88.0.1"
CALLER, CALLEE = "10.88.0.2", "10.88.0.3"
RTP_PORT: Final = 40_000
SOUND: Final = struct.pack("!BBHII", 0x80, 8, 1, 160, 7) + b"\xd5" * 160


def on_vlan(lab: Any, host: Host, number: int) -> None:
    """A second link, cabled apart from the first as a VLAN is: kernels of test machines may know no 802.1Q."""
    cable = ("link", "add", f"v{number}", "type", "veth", "peer", "name", VLAN, "netns", host.namespace)
    for words in (cable, ("link", "set", f"v{number}", "master", "br42", "up")):
        lab.wire(*words)
    host.run("ip", "address", "add", f"10.88.0.{number}/24", "dev", VLAN)
    host.run("ip", "link", "set", VLAN, "up")


@dataclass(slots=True)
class Ear:
    """A phone's socket for sound, which sees how packets are marked."""

    sock: socket.socket

    def hear(self, other: "Ear", to: tuple[str, int], back: tuple[str, int]) -> tuple[int, str]:
        """Sound of `other` through the relay: the mark of the packet that comes out of it, and where from."""

        def heard() -> tuple[int, str] | None:
            self.sock.sendto(SOUND, back)  # so that the relay hears both sides
            other.sock.sendto(SOUND, to)
            return received(self.sock)

        return within(10, heard, "sound comes through")[0]


def started_at(pid: int) -> float:
    """The wall clock at the start of a process; 0 while it is not there."""
    try:
        return Path(f"/proc/{pid}").stat().st_mtime
    except OSError:
        return 0.0


def received(sock: socket.socket) -> tuple[int, str] | None:
    """The TOS byte and the source of a packet that waits; None without one."""
    sock.settimeout(0.2)
    try:
        data, marks, _, source = sock.recvmsg(65_535, 64)
    except TimeoutError:
        return None
    tos = next(value[0] for level, kind, value in marks if (level, kind) == (socket.IPPROTO_IP, socket.IP_TOS))
    return (tos, source[0]) if data else None


def watching(sock: socket.socket) -> socket.socket:
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_RECVTOS, 1)
    return sock


@pytest.fixture(scope="module")
def hosts(pbx: Any, lab: Any) -> Iterator[tuple[Host, Host]]:
    """Two phones' hosts on the voice VLAN, where the PBX is too."""
    made = lab.host("vcaller", 86), lab.host("vcallee", 87)
    for words in (("link", "add", "br42", "type", "bridge"), ("link", "set", "br42", "up")):
        lab.wire(*words)
    for number, host in enumerate((pbx.product.host, *made), 1):
        on_vlan(lab, host, number)
    yield made
    pbx.product.host.run("ip", "link", "delete", VLAN)


@pytest.fixture(scope="module")
def homer(lab: Any) -> Iterator[socket.socket]:
    """The collector of an administrator."""
    with lab.host("homer", 88).udp(9060) as collector:
        yield collector


@pytest.fixture(scope="module", autouse=True)
def in_force(pbx: Any, hosts: Any, homer: socket.socket) -> Iterator[Any]:
    """Another voice network, put in force at once because engines start anew for it, and put back at the end."""
    before = {name: value for name, value in pbx.rest.get(SETTINGS).items() if not isinstance(value, list)}
    relay = pbx.product.process_ids()["media"]
    marks = {"signalling_dscp": 26, "media_dscp": 34, "voice_link_packets": 300, "capture_id": 77}
    links = {"media_on": VLAN, "voice_link": VLAN, "capture_address": homer.getsockname()[0]}
    yield pbx.rest.patch(SETTINGS, **marks, **links, interrupt_calls=True)
    within(15, lambda: pbx.product.process_ids()["media"] not in (0, relay), "the relay has its new file")
    pbx.rest.patch(SETTINGS, **before, interrupt_calls=True)
    within(30, lambda: pbx.product.is_ready("core") and pbx.product.is_ready("media"), "the engines are back")


class VoicePhone(Softphone):
    """Signals on the usual network, and has its sound on the voice VLAN."""

    voice: str

    def offer(self) -> tuple[Any, bytes]:
        return [("Content-Type", "application/sdp")], sip.sdp(self.voice, RTP_PORT)


def test_media_goes_over_the_voice_vlan_and_every_packet_is_marked(pbx: Any, hosts: Any, in_force: Any) -> None:
    """The SDP names the VLAN's address, sound passes there, and DSCP is on packets of SIP and of RTP."""
    assert VOICE_ADDRESS in in_force["media_addresses"]
    config = pbx.product.paths.media_config
    within(15, lambda: config.stat().st_mtime < started_at(pbx.product.process_ids()["media"]), "the relay read it")
    within(15, lambda: pbx.product.is_ready("media") and pbx.product.is_ready("core"), "both are ready")
    with (
        watching(hosts[0].udp(RTP_PORT, CALLER)) as first,
        watching(hosts[1].udp(RTP_PORT, CALLEE)) as second,
        VoicePhone(hosts[0], (PBX_ADDRESS, 5060), pbx.account("471")) as caller,
        VoicePhone(hosts[1], (PBX_ADDRESS, 5060), pbx.account("472")) as callee,
    ):
        caller.voice, callee.voice = CALLER, CALLEE
        watching(caller.sock)
        for phone in (caller, callee):
            within(10, lambda phone=phone: phone.register().status == 200, "it registers")
        caller.send(sip.compose("OPTIONS sip:acme.example SIP/2.0", caller.headers("OPTIONS", "sip:acme.example")))
        assert within(5, lambda: received(caller.sock), "an answer comes")[0] == (26 << 2, PBX_ADDRESS)
        uri, headers = caller.begin_call("472")
        invite = callee.request("INVITE")
        callee.respond(invite, 200, "OK", "voice", None, sip.sdp(CALLEE, RTP_PORT))
        dialog = caller.call_answered(uri, headers)
        callee.request("ACK")
        to_callee, to_caller = sip.media_address(dialog.body), sip.media_address(invite.body)
        assert (to_callee[0], to_caller[0]) == (VOICE_ADDRESS, VOICE_ADDRESS)
        assert Ear(second).hear(Ear(first), to_callee, to_caller) == (34 << 2, VOICE_ADDRESS)
        assert Ear(first).hear(Ear(second), to_caller, to_callee) == (34 << 2, VOICE_ADDRESS)
        assert end_call(caller, callee, dialog).status == 200


def test_the_excess_of_one_sender_on_the_voice_vlan_is_dropped(pbx: Any, hosts: Any) -> None:
    """Rate limiting on the voice VLAN: above it the kernel drops, and the counter says so; other links are free."""
    listed = ("list", "table", "inet", "ringfence")
    within(10, lambda: "chain voice_link" in pbx.product.nft(*listed), "the limit is in the kernel")

    def dropped() -> int:
        found = re.search(r"counter dropped_voice_link \{\s*packets (\d+)", pbx.product.nft(*listed))
        return int(found[1]) if found else 0

    with hosts[0].udp(0) as usual, hosts[0].udp(0, CALLER) as voice:
        for _ in range(900):
            usual.sendto(b"noise", (PBX_ADDRESS, 9))
        assert dropped() == 0
        for _ in range(900):
            voice.sendto(b"noise", (VOICE_ADDRESS, 9))
    within(5, lambda: dropped() > 300, "the excess is dropped")


def test_the_collector_gets_every_message_without_its_credentials(phone: Any, homer: socket.socket) -> None:
    """HEP3 for Homer by a switch; docs/adr/0049."""
    seen: list[dict[int, bytes]] = []

    def has(*words: bytes) -> bool:
        homer.settimeout(0.2)
        with suppress(TimeoutError):
            seen.append(chunks(homer.recv(65_535)))
        return any(all(word in one[15] for word in words) for one in seen)

    caller, callee = phone("473"), phone("474")
    dialog, _ = establish(caller, callee)
    assert end_call(caller, callee, dialog).status == 200
    within(10, lambda: has(b"BYE sip:", dialog.call_id.encode()), "the call is copied to its end")
    assert has(b"REGISTER", b"Authorization: xxxxxx")
    assert has(b"INVITE sip:474", b"Proxy-Authorization: xxxxxx")
    assert {struct.unpack("!I", one[12])[0] for one in seen} == {77}
    assert not [one for one in seen if b"response=" in one[15]]


def chunks(packet: bytes) -> dict[int, bytes]:
    """HEP3 decoded: the generic chunks by their type."""
    assert packet[:4] == b"HEP3"
    assert struct.unpack("!H", packet[4:6])[0] == len(packet)
    found, at = {}, 6
    while at < len(packet):
        _, kind, length = struct.unpack("!HHH", packet[at : at + 6])
        found[kind] = packet[at + 6 : at + length]
        at += length
    return found
