"""Without the right to change nftables it starts, warns loudly, and the SIP core enforces bans (docs/adr/0012)."""

from collections.abc import Callable
from typing import Any

from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, end_call, establish
from tests.system.poor_host.guessing import LIMIT, failures_until_silence


def test_the_start_warns_loudly_and_says_what_to_do(poor: Any) -> None:
    assert "WARNING" in poor.product.said
    assert "CAP_NET_ADMIN" in poor.product.said
    assert poor.product.nft("list", "tables") == ""


def test_the_core_bans_who_guesses_passwords_while_others_call(
    poor: Any, phone: Callable[..., Softphone], stranger: Any
) -> None:
    """Reference: "Failed Authentication Protection"; an allow entry lifts the ban."""
    evil, one, other = stranger(), phone("101"), phone("102")
    dialog, _ = establish(one, other)
    with Softphone(evil, poor.server, Account("101", one.account.domain, "guess")) as guessing:
        assert failures_until_silence(guessing) == LIMIT
        within(1, lambda: poor.product.ban_of(evil.address), "the ban")
        assert not _is_answered(guessing)
        assert "101" in poor.product.command("ban", "explain", evil.address).stdout
        poor.product.allow(evil.address)
        within(2, lambda: _is_answered(guessing), "an answer")
    assert end_call(one, other, dialog).status == 200


def _is_answered(phone: Softphone) -> bool:
    uri = f"sip:{phone.account.domain}"
    return phone.silent("OPTIONS", uri, phone.headers("OPTIONS", uri), wait=0.5) is not None
