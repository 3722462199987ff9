"""What all stories of mutations have in common: how many there are, who sends them, and what holds afterwards."""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from typing import Any, Final

import pytest

from ringfence.lab.product import within
from ringfence.lab.rest import Refused
from tests.system.mutations import bases
from tests.system.mutations.mutating import Chance, systematic
from tests.system.trunks.counting import counted

WANTED: Final = int(os.environ.get("RINGFENCE_MUTATIONS", "20000"))
"""Of strangers over UDP; over connections and by phones a part of that."""

BY_PHONES: Final = WANTED // 100
SEED: Final = int(os.environ.get("RINGFENCE_SEED", "5"))


@pytest.fixture
def no_rule_breaks(pbx: Any) -> Iterator[None]:
    """No callback of the core raised what nobody foresaw."""
    yield
    assert [one["message"] for one in pbx.product.guard("alarms.list") if one["id"] == "engine.exception"] == []


@pytest.fixture
def no_call_stays(pbx: Any) -> Iterator[None]:
    """What is left of a call ends as it does when somebody looks, and nothing is counted for ever."""
    yield
    for row in pbx.product.answered_calls():
        with suppress(Refused):  # it has ended meanwhile
            pbx.rest.delete(f"calls/{row['id']}")
    within(60, lambda: not pbx.product.live_calls() and not counted(pbx), "no call is left, nothing is counted")


def strange(place: str, transport: str, count: int) -> Iterator[bytes]:
    """Half of them systematic, evenly taken from all of these; the others by chance."""
    whole = bases.strange(place, transport)
    every = [raw for base in whole for raw in systematic(base)]
    taken = every[:: max(1, 2 * len(every) // count)]
    by_chance = Chance(SEED, whole)
    return chain(taken, (by_chance.message() for _ in range(count - len(taken))))


def chance() -> Chance:
    """For messages of a phone, with pieces of a stranger's among them."""
    return Chance(SEED, bases.strange("10.77.0.99:5060", "UDP"))
