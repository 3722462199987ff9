"""Attack case 5 from a provider: mutated calls, answers and requests within calls (reference "Trunk Security")."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.sip import Account
from ringfence.lab.softphone import NoAnswer, Softphone
from tests.system.conftest import DOMAIN, UDP
from tests.system.mutations import bases
from tests.system.mutations.pacing import Pacer, acknowledge, turn_down
from tests.system.mutations.wild import WANTED, chance, no_call_stays, no_rule_breaks
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import DESK, NUMBER

__all__ = ("no_call_stays", "no_rule_breaks")

pytestmark = pytest.mark.usefixtures("oracle", "no_rule_breaks", "no_call_stays")


@pytest.fixture
def pacer(stranger: Any, tmp_path: Path) -> Iterator[Pacer]:
    with Softphone(stranger(), UDP, Account("pacer", DOMAIN, "none")) as one:
        yield Pacer(one, tmp_path / "messages")


def test_a_provider_that_calls_wildly(carrier: Carrier, phone: Any, pacer: Pacer) -> None:
    desk, by_chance = phone(DESK), chance()
    for _ in range(WANTED // 100):
        uri = f"sip:{NUMBER}@10.77.0.1"
        content, body = carrier.offer()
        raw = sip.compose(f"INVITE {uri} SIP/2.0", [*carrier.headers("INVITE", uri), *content], body)
        carrier.send(pacer.note(by_chance.changed(raw)))
        turn_down(desk, 0.02)
        acknowledge(carrier)


def test_a_provider_that_talks_wildly(carrier: Carrier, phone: Any, pacer: Pacer) -> None:
    desk, by_chance = phone(DESK), chance()
    for _ in range(max(2, WANTED // 4000)):
        call = carrier.call_in(NUMBER, desk)
        for method in bases.METHODS * 4:
            body = sip.sdp(carrier.address, 40_000) if method in ("INVITE", "UPDATE") else b""
            carrier.send(pacer.note(by_chance.changed(carrier.in_dialog(call.carrier, method, body=body))))
            turn_down(desk)
            acknowledge(carrier)
        with suppress(NoAnswer):
            carrier.ask_in_dialog(call.carrier, "BYE", timeout=2)
        turn_down(desk)
