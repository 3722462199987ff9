"""Group B: who is banned for what, and who never is. The kernel's own cases (59 to 62) lie in `guard_firewall`."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.sip import Account, Headers
from ringfence.lab.softphone import Softphone, Transport

pytestmark = pytest.mark.usefixtures("oracle")

UDP, TCP = (PBX_ADDRESS, 5060), (PBX_ADDRESS, 5063)
URI = "sip:acme.example"
ANSWER_TIME = 30


@pytest.fixture
def few_challenges(pbx: Any) -> Iterator[int]:
    """More than 20 unanswered challenges within ten seconds are too many."""
    pbx.set_security(failed_challenge_limit=20)
    yield 20
    pbx.set_security(failed_challenge_limit=1000)


def ask(one: Softphone, method: str = "REGISTER", headers: Headers | None = None) -> tuple[sip.Message | None, Headers]:
    """One request without credentials, and what came back."""
    asked = headers or one.headers(method, one.account.aor)
    return one.silent(method, URI if method == "REGISTER" else "sip:102@acme.example", asked, wait=1.0), asked


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
    within(5, lambda: "source.unproved" in _spared(pbx, forger), "the forged source is shown as unproved")


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


def _spared(pbx: Any, host: Host) -> list[str]:
    """Why this source was spared, from the guard's own socket."""
    answer = pbx.product.guard("events.since", cursor=0, kinds=["ban.spared"], limit=5000)
    return [event["why"] for event in answer["events"] if event["address"] == host.address]
