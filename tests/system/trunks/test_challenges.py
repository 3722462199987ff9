"""What providers ask of us that are no stock Kamailio, but for instance Asterisk (reference: "Register-Based
Authentication"; attack case 114).
"""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.provider import registration_of
from ringfence.lab.sip import Account, Headers
from ringfence.lab.softphone import Softphone, end_call

pytestmark = pytest.mark.usefixtures("oracle")

REALM: Final = "asterisk"
USER: Final = "customer46"
PASSWORD: Final = "Secret-of-trunk-46"
NUMBER: Final = "+498912346"


@pytest.fixture
def asterisk(lab: Any) -> Iterator[Softphone]:
    """A provider at port 5060 that obeys its script."""
    account = Account(USER, "isp46.example", PASSWORD)
    with Softphone(lab.host("isp46", 46), (PBX_ADDRESS, 5060), account, local_port=5060) as one:
        yield one


@pytest.fixture
def trunk_there(pbx: Any, asterisk: Softphone) -> Iterator[dict[str, Any]]:
    hosts = [{"host": asterisk.address, "port": 5060}]
    wish = {"name": "ISP 46", "kind": "register", "username": USER, "password": PASSWORD, "domain": "isp46.example"}
    made = pbx.rest.post("trunks", **wish, realm=REALM, hosts=hosts, keepalive=0)
    yield made
    pbx.rest.delete(f"trunks/{made['id']}")


def _challenge(realm: str, *algorithms: str) -> Headers:
    """One header for each algorithm, as Asterisk writes `supported_algorithms_uas=SHA-256,MD5` (RFC 8760)."""
    shape = f'Digest realm="{realm}",nonce="1795861702/f4fa0e",opaque="1d9d",algorithm={{}},qop="auth"'
    return [("WWW-Authenticate", shape.format(algorithm)) for algorithm in algorithms]


def _registered(asterisk: Softphone) -> None:
    asterisk.respond(asterisk.request("REGISTER", 10), 401, "Unauthorized", extra=_challenge(REALM, "SHA-256", "MD5"))
    again = asterisk.request("REGISTER")
    assert "algorithm=SHA-256" in again.header("authorization")
    asterisk.respond(again, 200, "OK", extra=[("Contact", f"{again.header('contact')};expires=300")])


def test_of_several_algorithms_the_first_is_answered(
    pbx: Any, asterisk: Softphone, trunk_there: dict[str, Any], outward: Any, phone: Any
) -> None:
    """RFC 8760: the provider names the one that it likes best first."""
    _registered(asterisk)
    within(10, lambda: registration_of(pbx.rest, trunk_there["id"]) == "registered", "the trunk is registered")
    (rule,) = pbx.rest.get("outbound-rules")["items"]
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=[{"trunk_id": trunk_there["id"]}])
    try:
        caller = phone("120")
        dialled = caller.begin_call(NUMBER)
        asked = asterisk.request("INVITE", 10)
        asterisk.respond(asked, 401, "Unauthorized", "a", extra=_challenge(REALM, "SHA-256", "MD5"))
        asterisk.request("ACK")
        invite = asterisk.request("INVITE")
        assert "algorithm=SHA-256" in invite.header("authorization")
        asterisk.answer_call(invite)
        dialog = caller.call_answered(*dialled, 10)
        asterisk.request("ACK")
        assert end_call(caller, asterisk, dialog).status == 200
    finally:
        pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=rule["routes"])


def test_a_refusal_names_the_realm_and_the_mended_trunk_registers_at_once(
    pbx: Any, asterisk: Softphone, trunk_there: dict[str, Any]
) -> None:
    """Without it, nobody knows what to enter, and the next attempt came a minute after the mend."""
    asterisk.respond(asterisk.request("REGISTER", 10), 401, "Unauthorized", extra=_challenge("pbx46", "MD5"))
    within(10, lambda: _detail(pbx, trunk_there) == "a challenge for another realm: pbx46", "the realm is named")
    pbx.rest.patch(f"trunks/{trunk_there['id']}", realm="pbx46")
    asterisk.respond(asterisk.request("REGISTER", 10), 401, "Unauthorized", extra=_challenge("pbx46", "MD5"))
    again = asterisk.request("REGISTER")
    asterisk.respond(again, 200, "OK", extra=[("Contact", f"{again.header('contact')};expires=300")])
    within(10, lambda: registration_of(pbx.rest, trunk_there["id"]) == "registered", "the trunk is registered")


def _detail(pbx: Any, trunk: dict[str, Any]) -> str:
    return str(pbx.rest.get(f"trunks/{trunk['id']}")["peers"][0]["detail"])


def test_a_provider_asks_whether_our_contact_lives(
    asterisk: Softphone, trunk_there: dict[str, Any], attacker: Softphone
) -> None:
    """Asterisk's `qualify_frequency`, Kamailio's dispatcher: for some a 407 means that the customer is gone."""
    _registered(asterisk)
    uri = f"sip:{USER}@{PBX_ADDRESS}:5060"
    assert asterisk.options(uri).status == 200
    assert attacker.options(uri).status == 407


def test_a_provider_to_whom_every_nonce_is_too_old_is_not_asked_for_ever(
    pbx: Any, asterisk: Softphone, trunk_there: dict[str, Any]
) -> None:
    """RFC 7616 section 3.3: `stale` asks for the same again; one that always says so got requests without end."""
    challenge = [(name, f"{value},stale=true") for name, value in _challenge(REALM, "MD5")]
    for _ in range(3):
        asterisk.respond(asterisk.request("REGISTER", 10), 401, "Unauthorized", extra=challenge)
    assert [one.method for one in asterisk.requests_within(1.0)] == []
    within(10, lambda: _detail(pbx, trunk_there) == "the password is refused", "the trunk is shown as refused")
