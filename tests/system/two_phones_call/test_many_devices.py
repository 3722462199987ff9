"""An extension has at most five devices; one more takes the place of the one that was not heard of the longest
(reference: "Extension Security"; attack case 27).
"""

import json
import time
from contextlib import ExitStack
from typing import Any

import pytest

from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, Transport
from ringfence.policy.events import Kind
from ringfence.policy.rules.registration import MAX_CONTACTS

pytestmark = pytest.mark.usefixtures("oracle")

UDP = ("10.77.0.1", 5060)
TCP = ("10.77.0.1", 5063)


def _contacts(pbx: Any, aor: str) -> list[str]:
    found = [one for one in pbx.rest.get("registrations")["items"] if one["aor"] == aor]
    return sorted(contact["uri"] for one in found for contact in one["contacts"])


def _displaced(pbx: Any, aor: str) -> list[dict[str, Any]]:
    lines = [
        line for path in sorted(pbx.product.paths.journal.glob("events-*")) for line in path.read_text().splitlines()
    ]
    found = [json.loads(line) for line in lines if f'"kind":"{Kind.REGISTRATION_DISPLACED}"' in line]
    return [one for one in found if one["aor"] == aor]


def _alarms(pbx: Any) -> list[str]:
    return [one["message"] for one in pbx.product.guard("alarms.list") if Kind.REGISTRATION_DISPLACED in one["id"]]


def _uri(phone: Softphone) -> str:
    return phone.contact.partition("<")[2].partition(">")[0]


@pytest.mark.parametrize(("transport", "server", "number"), [(Transport.UDP, UDP, "800"), (Transport.TCP, TCP, "801")])
def test_a_phone_that_starts_often_is_not_locked_out(
    pbx: Any, lab: Any, phone: Any, transport: Transport, server: tuple[str, int], number: str
) -> None:
    """It comes from another port each time. The sixth time it heard 503 until the first binding ran out. Its desk phone
    elsewhere, which is heard of more seldom, stays.
    """
    desk, caller = phone(number), phone("802")
    aor, host = f"{number}@acme.example", lab.host("restless36", 36)
    with ExitStack() as stack:
        starts = [
            stack.enter_context(Softphone(host, server, pbx.account(number), transport))
            for _ in range(MAX_CONTACTS + 2)
        ]
        for one in starts:
            answer = one.register()
            assert answer.status == 200, answer.start_line
        expected = sorted(_uri(one) for one in (desk, *starts[3:]))
        within(2, lambda: _contacts(pbx, aor) == expected, "the newest devices and the desk phone are registered")
        assert [one["contact"] for one in _displaced(pbx, aor)] == [_uri(one) for one in starts[:3]]
        assert not any(aor in message for message in _alarms(pbx))
        caller.begin_call(number)
        for one in (desk, starts[-1]):
            one.respond(one.request("INVITE"), 486, "Busy Here", "b")
        assert starts[0].requests_within(0.2) == []


def test_whoever_is_pushed_out_by_a_stranger_is_told_of_and_comes_back(pbx: Any, lab: Any, stranger: Any) -> None:
    """A stolen password takes one place, and then its own again; an administrator sees that, and where it is used."""
    aor, home, abroad = "803@acme.example", stranger(), lab.host("thief37", 37)
    with ExitStack() as stack:
        own = [stack.enter_context(Softphone(home, UDP, pbx.account("803"))) for _ in range(MAX_CONTACTS)]
        for one in own:
            assert one.register().status == 200
        second = int(time.time())
        within(2, lambda: int(time.time()) > second, "the refresh is of a later second")
        assert own[0].register().status == 200
        thief, again = (stack.enter_context(Softphone(abroad, UDP, pbx.account("803"))) for _ in range(2))
        assert thief.register().status == 200
        assert again.register().status == 200
        within(2, lambda: any(aor in one and abroad.address in one for one in _alarms(pbx)), "an alarm names both")
        assert len(_displaced(pbx, aor)) == 2
        assert sorted(map(_uri, (own[0], *own[2:], again))) == _contacts(pbx, aor)
        assert own[1].register().status == 200
        assert _uri(own[1]) in _contacts(pbx, aor)
        assert len(_contacts(pbx, aor)) == MAX_CONTACTS
