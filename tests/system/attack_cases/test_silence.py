"""Group B: challenges that nobody answers, sent by a proved source, by a forger, and by phones that are only slow."""

import json
import socket
import struct
import time
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host, inside
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport
from tests.system.attack_cases.asking import ANSWER_TIME, TCP, UDP, URI, ask, fail, spared

pytestmark = pytest.mark.usefixtures("oracle")


def leave_unanswered(one: Softphone, count: int, methods: tuple[str, ...] = ("REGISTER",)) -> None:
    for number in range(count):
        answer, _ = ask(one, methods[number % len(methods)])
        assert answer is not None
        assert answer.status in (401, 407)


def test_challenges_left_unanswered_ban_a_proved_source_after_their_whole_time(
    pbx: Any, stranger: Any, few_challenges: int
) -> None:
    """Reference: "Failed Challenge Requests (407)", for 401 and 407; slow phones and retransmissions are no attack."""
    silent, forger, repeater, slow = (stranger() for _ in range(4))
    account = Account("101", "acme.example", "wrong")
    with (
        Softphone(silent, TCP, account, Transport.TCP) as tcp,
        Softphone(forger, UDP, account) as udp,
        Softphone(repeater, UDP, account) as again,
        Softphone(slow, TCP, Account("102", "acme.example", "wrong"), Transport.TCP) as late,
    ):
        leave_unanswered(tcp, few_challenges + 5, ("REGISTER", "INVITE"))
        leave_unanswered(udp, few_challenges + 5)
        _retransmit(again, 3 * few_challenges)
        asked = [ask(late) for _ in range(few_challenges + 5)]
        begun = time.monotonic()
        _tick_until(pbx, (tcp, udp, again, late), begun + 8)
        for challenge, headers in asked:
            assert challenge is not None
            late.silent("REGISTER", URI, late.answered(challenge, "REGISTER", URI, headers))
        assert not pbx.product.in_kernel_set(silent.address), "banned before the answer time was over"
        _tick_until(pbx, (tcp, udp, again, late), begun + ANSWER_TIME + 10)
        assert pbx.product.in_kernel_set(silent.address)
        assert not any(pbx.product.in_kernel_set(host.address) for host in (forger, repeater, slow))
    told = json.dumps(pbx.rest.get(f"bans/{silent.address}/explain"))
    assert "antihacking.failed_challenge" in told
    assert "REGISTER sip:acme.example SIP/2.0" in told
    within(5, lambda: "source.unproved" in spared(pbx, forger), "the forged source is shown as unproved")


def _retransmit(one: Softphone, count: int) -> None:
    """The same request again and again, after one wrong answer that proves the source."""
    challenge, headers = ask(one)
    assert challenge is not None
    one.silent("REGISTER", URI, one.answered(challenge, "REGISTER", URI, headers))
    _, same = ask(one)
    for _ in range(count):
        ask(one, headers=same)


def _tick_until(pbx: Any, phones: tuple[Softphone, ...], deadline: float) -> None:
    """A message now and then, as on any real system: workers tell what they counted when they are at work."""
    while time.monotonic() < deadline:
        for one in phones[1:]:
            one.options()
        if pbx.product.in_kernel_set(phones[0].host.address):
            return
        ask(phones[0], "OPTIONS")
        time.sleep(1)


def test_a_forged_source_gets_no_member_of_the_never_block_set_banned(
    pbx: Any, lab: Any, stranger: Any, few_challenges: int, protect: Any
) -> None:
    """Case 54: requests with the address of a peer and of the acting administrator; one alarm, service goes on."""
    carrier = stranger()
    protect(carrier, "cluster_peer")
    victims = [carrier.address, pbx.product.admin.address, "127.0.0.1", PBX_ADDRESS]
    _forge(stranger(), victims, 4_000)
    with Softphone(carrier, UDP, Account("101", "acme.example", "wrong")) as one:
        for _ in range(4):
            assert one.options().status == 200
            fail(one, 1)
            time.sleep(0.3)
        deadline = time.monotonic() + ANSWER_TIME + 10
        while "never_block.member" not in spared(pbx, carrier) and time.monotonic() < deadline:
            assert one.options().status == 200
            time.sleep(1)
    assert "never_block.member" in spared(pbx, carrier)
    assert not pbx.product.kernel_bans() & set(victims)
    assert [alarm["id"] for alarm in pbx.product.guard("alarms.list")].count("never_block.member") == 1


def _forge(host: Host, sources: list[str], count: int) -> None:
    """UDP packets with other people's source addresses (IP_HDRINCL; udp(7), checksum 0: none)."""
    raw = inside(host.namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
    with raw:
        for number in range(count):
            source = sources[number % len(sources)]
            body = sip.compose(
                f"REGISTER {URI} SIP/2.0",
                [
                    ("Via", f"SIP/2.0/UDP {source}:5060;branch={sip.new_branch()}"),
                    ("From", f"<sip:101@acme.example>;tag={number}"),
                    ("To", "<sip:101@acme.example>"),
                    ("Call-ID", f"forged-{number}"),
                    ("CSeq", "1 REGISTER"),
                    ("Max-Forwards", "70"),
                ],
            )
            udp = struct.pack("!4H", 5060, 5060, 8 + len(body), 0)
            ends = socket.inet_aton(source), socket.inet_aton(PBX_ADDRESS)
            head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(body), 0, 0, 64, 17, 0, *ends)
            raw.sendto(head + udp + body, (PBX_ADDRESS, 0))
            if number % 100 == 99:
                time.sleep(0.05)
