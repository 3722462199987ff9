"""A phone at the SBC that ends all registrations of its account (RFC 3261 section 10.2.2)."""

from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.softphone import Softphone, Transport

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]


def registered(asking: Softphone) -> str:
    """The Contacts that are registered for the account: a REGISTER without one asks for them."""
    headers = sip.with_header(asking.headers("REGISTER", asking.account.aor), "Contact", None)
    answer = asking.authenticated("REGISTER", f"sip:{asking.account.domain}", headers)
    assert answer.status == 200
    return answer.header("Contact")


@pytest.mark.parametrize("transport", Transport)
def test_a_star_ends_every_registration_and_only_those_of_the_account(
    outside: Any, phone: Any, transport: Transport
) -> None:
    """Whoever lost a phone, or suspects a thief, asks for this; a 200 that ends nothing leaves the thief registered."""
    inside, other, remote = phone("945"), phone("946"), outside("945", transport)
    assert inside.hostport in registered(inside)
    assert remote.register(expires=0, contact="*").status == 200
    assert registered(inside) == ""
    assert other.hostport in registered(other)
