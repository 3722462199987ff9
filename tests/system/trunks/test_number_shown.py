"""Whose number the called side sees (reference: "Trunk Security"; "Extension Security")."""

from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab.product import within

pytestmark = pytest.mark.usefixtures("oracle")

NUMBER = "+498912345678"
OWN = "+493012325"


@pytest.fixture
def shows(pbx: Any, outward: Any, numbers: str) -> Iterator[Any]:
    """`shows("+49...")`: the number that extension 120 shows outside; afterwards the trunk's again."""
    path = f"users/{pbx.users['120']['id']}/calling"

    def change(number: str) -> None:
        assert pbx.rest.patch(path, caller_number=number)["caller_number"] == number

    yield change
    change("")


def _seen(provider: Any, phone: Any) -> tuple[str, str]:
    """Caller and asserted identity of a call as they reach the provider."""
    provider.forget()
    dialog = phone.call_answered(*phone.begin_call(NUMBER), 10)
    assert phone.ask_in_dialog(dialog, "BYE", timeout=10).status == 200
    (call,) = provider.calls()
    return call.caller, call.asserted


def test_an_extension_shows_its_own_number(provider: Any, phone: Any, shows: Any) -> None:
    """Set by an administrator; without one the trunk's own is shown. What the phone claims in From counts nothing."""
    caller = phone("120")
    asserted = "<sip:{}@provider.example>"
    assert _seen(provider, caller) == ("+493012300", asserted.format("+493012300"))
    shows(OWN)
    within(
        5, lambda: _seen(provider, caller) == (OWN, asserted.format(OWN)), "the provider sees the extension's number"
    )
    shows("")
    within(5, lambda: _seen(provider, caller)[0] == "+493012300", "the trunk's number is shown again")


def test_a_number_that_the_trunk_does_not_own_is_not_shown(
    pbx: Any, provider: Any, phone: Any, registered: dict[str, Any], shows: Any
) -> None:
    """A number of the tenant at another provider: this trunk shows its own instead."""
    caller, path = phone("120"), f"trunks/{registered['id']}"
    shows(OWN)
    within(5, lambda: _seen(provider, caller)[0] == OWN, "the provider sees the extension's number")
    pbx.rest.patch(path, numbers=["+493012300"])
    try:
        within(5, lambda: _seen(provider, caller)[0] == "+493012300", "only what the trunk owns is shown")
    finally:
        pbx.rest.patch(path, numbers=registered["numbers"])
