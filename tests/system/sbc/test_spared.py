"""Case 47 at the SBC: nobody is flooded by what somebody else sent in his name."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import Host
from ringfence.lab.softphone import Softphone, Transport
from tests.system.sbc.conftest import SBC

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]
LISTENED_FOR = 2.2
"""Seconds; the third time would be after 1.5 s (RFC 3261 section 17.2.1)."""


@pytest.mark.parametrize(
    "said", ["", "Basic x", 'Digest username="743", realm="acme.example", nonce="x", response="y"']
)
def test_an_invite_without_credentials_is_answered_once_and_each_time_it_comes_again(
    stranger: Callable[[], Host], said: str
) -> None:
    """The 407 was said four times, and 100 before it: four times the bytes of what may bear a forged address. Later it
    was enough that a header is called so.
    """
    with Softphone(stranger(), SBC[Transport.UDP], sip.Account("nobody", "acme.example", "guess")) as liar:
        more, body = liar.offer()
        headers = [*liar.headers("INVITE", "sip:743@acme.example"), *more]
        headers += [("Proxy-Authorization", said)] if said else []
        raw = sip.compose("INVITE sip:743@acme.example SIP/2.0", headers, body)
        for _ in range(2):
            liar.send(raw)
            answers = heard(liar)
            assert [answer.status for answer in answers] == [407]
            assert sum(len(answer.raw) for answer in answers) <= 1.5 * len(raw)


def heard(phone: Softphone) -> list[Any]:
    deadline = time.monotonic() + LISTENED_FOR
    answers = []
    while (remaining := deadline - time.monotonic()) > 0:
        answer = phone.receive(remaining)
        answers += [answer] if answer is not None else []
    return answers


def test_a_call_with_credentials_hears_that_it_is_tried_and_how_it_ends_until_it_says_so(
    outside: Any, phone: Any
) -> None:
    """A refusal that is lost comes again by itself: with a 100 the caller does not ask again."""
    caller, callee = outside("743"), phone("744")
    _, headers = caller.begin_call("744")
    invite = callee.request("INVITE")
    callee.respond(invite, 486, "Busy Here", "t")
    callee.request("ACK")
    branch = dict(headers)["Via"].partition("branch=")[2].partition(";")[0]
    answers = [answer for answer in heard(caller) if answer.branch == branch]
    statuses = [answer.status for answer in answers]
    assert statuses[0] == 100
    assert statuses.count(486) >= 3
    caller.send_ack(answers[-1], "sip:744@acme.example", headers)
