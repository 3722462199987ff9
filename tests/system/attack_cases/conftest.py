"""What the attack cases about bans have in common: small limits, and members of the never-block set."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ringfence.lab.network import Host


@pytest.fixture
def few_challenges(pbx: Any) -> Iterator[int]:
    """More than 20 unanswered challenges within ten seconds are too many."""
    pbx.set_security(failed_challenge_limit=20)
    yield 20
    pbx.set_security(failed_challenge_limit=1000)


@pytest.fixture
def few_failures(pbx: Any) -> Iterator[int]:
    """Ten failed authentications within ten seconds are too many (attack case 53)."""
    pbx.set_security(failed_authentication_limit=10)
    yield 10
    pbx.set_security(failed_authentication_limit=50)


@pytest.fixture
def protect(pbx: Any) -> Iterator[Callable[[Host, str], None]]:
    """Makes a host a member of the never-block set for one test."""
    made: list[int] = []

    def add(host: Host, kind: str) -> None:
        made.append(pbx.rest.post("protected-addresses", cidr=host.address, kind=kind, name=host.name)["id"])
        time.sleep(0.3)

    yield add
    for number in made:
        pbx.rest.delete(f"protected-addresses/{number}")
