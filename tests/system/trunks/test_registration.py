"""Register-based trunks against a stock SIP server (reference: "Register-Based Authentication"; attack case 114)."""

from pathlib import Path
from typing import Any

import pytest

from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.provider import Contract, Provider, registration_of
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport

pytestmark = pytest.mark.usefixtures("oracle")


def test_the_system_registers_and_shows_it(pbx: Any, provider: Any, registered: dict[str, Any]) -> None:
    (peer,) = pbx.rest.get(f"trunks/{registered['id']}")["peers"]
    assert peer["registration"] == "registered"
    within(8, lambda: pbx.rest.get(f"trunks/{registered['id']}")["peers"][0]["state"] == "up", "OPTIONS is answered")


def test_no_digest_goes_to_another_realm(pbx: Any, lab: Any, tmp_path: Path) -> None:
    """Case 114: the peer shows another realm than the password belongs to."""
    with Provider(
        lab.host("impostor", 92), tmp_path, Contract(realm="evil.example", domain="provider.example")
    ) as impostor:
        made = pbx.rest.post("trunks", **impostor.registration("Impostor"))
        try:
            within(15, lambda: registration_of(pbx.rest, made["id"]) == "refused", "the registration is refused")
            assert not any("uthorization:" in message for message in impostor.messages())
        finally:
            pbx.rest.delete(f"trunks/{made['id']}")


def test_a_stranger_is_no_trunk(pbx: Any, numbers: str, provider: Any, stranger: Any, attacker: Any) -> None:
    """Case 105: an unlisted address, and a listed one by the wrong transport, get 403 like any stranger."""
    with Softphone(stranger(), (PBX_ADDRESS, 5060), Account("+4989777", "provider.example", "")) as outsider:
        assert _called(outsider, numbers) == 403
    with Softphone(
        provider.host, (PBX_ADDRESS, 5063), Account("+4989777", "provider.example", ""), Transport.TCP
    ) as sender:
        assert _called(sender, numbers) == 403


def _called(phone: Softphone, number: str) -> int:
    uri = f"sip:{number}@{PBX_ADDRESS}"
    more, body = phone.offer()
    return phone.ask("INVITE", uri, [*phone.headers("INVITE", uri), *more], body).status
