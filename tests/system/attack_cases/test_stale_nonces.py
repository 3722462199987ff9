"""Group A: what a phone is told that keeps its nonce (RFC 7616 section 3.3, attack cases 20 and 66)."""

import base64
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.sip import Account, Message
from ringfence.lab.softphone import Softphone

pytestmark = pytest.mark.usefixtures("oracle")

URI = "sip:acme.example"
OTHER = "sip:909@acme.example"


def _kept(one: Softphone, challenge: sip.Challenge, count: int, account: Account | None = None) -> Message:
    """The answer to one more registration with a nonce from before."""
    answer = sip.authorization(account or one.account, challenge, "REGISTER", URI, nonce_count=count)
    headers = [*one.headers("REGISTER", one.account.aor), ("Expires", "300"), ("Authorization", answer)]
    return one.ask("REGISTER", URI, headers)


def _used_up(one: Softphone) -> sip.Challenge:
    """The challenge that this phone has just registered with."""
    headers = [*one.headers("REGISTER", one.account.aor), ("Expires", "300")]
    challenged = one.ask("REGISTER", URI, headers)
    assert one.ask("REGISTER", URI, one.answered(challenged, "REGISTER", URI, headers)).status == 200
    return sip.challenges_in(challenged)[0]


def test_a_phone_that_keeps_its_nonce_is_told_that_it_is_stale(phone: Callable[..., Softphone]) -> None:
    """Without that word it asks its user for the password, or gives up: pjsip, JsSIP and others do."""
    one = phone("160", registered=False)
    challenge = _used_up(one)
    for count in (2, 3):  # the second time its first registration is known, and answered by other means
        told = _kept(one, challenge, count)
        assert (told.status, _is_stale(told)) == (401, True)
        headers = one.headers("REGISTER", one.account.aor)
        assert one.ask("REGISTER", URI, one.answered(told, "REGISTER", URI, headers)).status == 200


def test_an_outgoing_call_with_a_used_nonce_is_told_so(phone: Callable[..., Softphone]) -> None:
    """The same for a 407."""
    one = phone("160")
    headers = one.headers("OPTIONS", OTHER)
    challenged = one.ask("OPTIONS", OTHER, headers)
    answered = one.answered(challenged, "OPTIONS", OTHER, headers)
    assert one.ask("OPTIONS", OTHER, answered).status != 407
    again = sip.with_header(answered, "Via", f"SIP/2.0/UDP {one.hostport};branch={sip.new_branch()};rport")
    told = one.ask("OPTIONS", OTHER, sip.with_header(again, "CSeq", "3 OPTIONS"))
    assert (told.status, _is_stale(told)) == (407, True)


def test_nobody_learns_from_a_stale_nonce_whether_he_guessed_right(phone: Callable[..., Softphone], pbx: Any) -> None:
    """Right, wrong and unknown: the same words of the same length. With a fresh nonce a wrong password is wrong."""
    one = phone("160", registered=False)
    challenge = _used_up(one)
    wrong, nobody = Account("160", "acme.example", "guess"), Account("909", "acme.example", "guess")
    told = [_kept(one, challenge, 2, account) for account in (None, wrong, nobody)]
    assert {(each.status, _is_stale(each), each.header_names, len(each.raw)) for each in told} == {
        (401, True, told[0].header_names, len(told[0].raw))
    }
    refused = _kept(one, sip.challenges_in(told[0])[0], 1, wrong)
    assert (refused.status, _is_stale(refused)) == (401, False)


def test_nobody_learns_from_forged_nonces_when_the_core_started(phone: Callable[..., Softphone]) -> None:
    """Before a nonce's seal Kamailio reads its age: from before the start it is stale whatever the seal is. So each
    that is not accepted is told to be: the second of the start is nobody's business.
    """
    one = phone("160", registered=False)
    real = _used_up(one)
    born = base64.b64decode(real.nonce + "=" * (-len(real.nonce) % 4))
    told = [_kept(one, replace(real, nonce=_aged(born, seconds)), 1) for seconds in (0, 1, 60, 3600, 365 * 86_400, -60)]
    told += [_kept(one, replace(real, nonce=nonce), 1) for nonce in ("0", "not a nonce of anybody", real.nonce[:40])]
    assert {(each.status, _is_stale(each), each.header_names) for each in told} == {(401, True, told[0].header_names)}


def _aged(born: bytes, seconds: int) -> str:
    """A nonce that says it is older by so much; its seal is wrong."""
    ends, since = struct.unpack(">II", born[:8])
    return base64.b64encode(struct.pack(">II", ends - seconds, since - seconds) + bytes(16) + born[24:]).decode()


def _is_stale(told: Message) -> bool:
    return "stale=true" in f"{told.header('www-authenticate')}{told.header('proxy-authenticate')}".lower()
