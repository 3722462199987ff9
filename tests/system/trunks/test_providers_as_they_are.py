"""Accounts as providers hand them out: two names, a domain of their own, the caller's number in a header apart, SHA-256
alone, registrations that last as the provider likes (reference: "Register-Based Authentication"; RFC 8760, RFC 3325).
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.provider import Contract, Provider, registration_of
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Dialog, Softphone

pytestmark = pytest.mark.usefixtures("oracle")

NUMBER: Final = "+498912341"
OWN: Final = "+493012326"
MAIN: Final = "+493012300"
ACCOUNT: Final = "line41"
LOGIN: Final = "41@login"
FROM: Final = "customers41.example"
IDENTITIES: Final = ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID")


@pytest.fixture(scope="module")
def strict(lab: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A stock Kamailio that takes digests with SHA-256 alone."""
    contract = Contract(ACCOUNT, realm="strict41", domain="strict41.example", algorithm="SHA-256")
    with Provider(lab.host("strict41", 72), tmp_path_factory.mktemp("strict"), contract) as one:
        yield one


@pytest.fixture
def account(pbx: Any, strict: Provider, outward: Any, numbers: str) -> Iterator[dict[str, Any]]:
    """The account there, over which extension 120 calls, showing a number of its own."""
    more = {"realm": "strict41", "auth_username": LOGIN, "from_domain": FROM}
    made = pbx.rest.post("trunks", **strict.registration("Strict"), **more)
    own = f"users/{pbx.users['120']['id']}/calling"
    (rule,) = pbx.rest.get("outbound-rules")["items"]
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=[{"trunk_id": made["id"]}])
    pbx.rest.patch(own, caller_number=OWN)
    within(15, lambda: registration_of(pbx.rest, made["id"]) == "registered", "the trunk is registered")
    yield made
    pbx.rest.patch(own, caller_number="")
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=rule["routes"])
    pbx.rest.delete(f"trunks/{made['id']}")


def test_two_names_a_domain_in_from_and_sha_256_alone(strict: Provider, account: dict[str, Any], phone: Any) -> None:
    """The registration is for the account, in the domain that the provider wants; the digest has the other name."""
    register = next(one for one in strict.messages() if one.startswith("REGISTER") and "Authorization" in one)
    assert register.startswith("REGISTER sip:strict41.example ")
    assert f"sip:{ACCOUNT}@{FROM}" in _header(register, "From")
    assert f"sip:{ACCOUNT}@{FROM}" in _header(register, "To")
    _is_answered_for(register, "Authorization")
    invite, bye = _called(strict, phone("120"))
    _is_answered_for(invite, "Proxy-Authorization")
    assert f"<sip:{OWN}@{FROM}>" in _header(invite, "From")
    assert f"<sip:{OWN}@{FROM}>" in _header(invite, "P-Asserted-Identity")
    assert f"<sip:{OWN}@{FROM}>" in _header(bye, "From")


@pytest.mark.parametrize("name", IDENTITIES)
def test_from_names_the_account_and_a_header_apart_the_caller(
    pbx: Any, strict: Provider, account: dict[str, Any], phone: Any, name: str
) -> None:
    """Nobody shows a number there that the trunk does not own, and a withheld one is marked so."""
    path, caller = f"trunks/{account['id']}", phone("120")
    pbx.rest.patch(path, caller_in=name.lower().replace("-", "_"))
    within(10, lambda: ACCOUNT in _header(_called(strict, caller)[0], "From"), "the setting is in force")
    invite, bye = _called(strict, caller)
    _shows(invite, name, OWN)
    assert f"<sip:{ACCOUNT}@{FROM}>" in _header(bye, "From")
    assert "Privacy" not in invite
    private, _ = _called(strict, caller, [("Privacy", "id")])
    _shows(private, name, OWN)
    assert _header(private, "Privacy") == "id"
    assert ("privacy=full" in private) is (name == "Remote-Party-ID")
    pbx.rest.patch(path, numbers=[MAIN])
    within(10, lambda: MAIN in _header(_called(strict, caller)[0], name), "only what the trunk owns is shown")
    assert OWN not in _called(strict, caller)[0]


def test_no_other_provider_sees_what_answered_this_one(
    pbx: Any, strict: Provider, account: dict[str, Any], provider: Provider, registered: dict[str, Any], phone: Any
) -> None:
    """The call goes on over the next trunk after a challenge was answered (attack case 114)."""
    (rule,) = pbx.rest.get("outbound-rules")["items"]
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=[{"trunk_id": account["id"]}, {"trunk_id": registered["id"]}])
    strict.refuse("INVITE", 503)
    provider.forget()
    strict.forget()
    try:
        caller = phone("120")
        dialog = caller.call_answered(*caller.begin_call(NUMBER), 15)
        assert caller.ask_in_dialog(dialog, "BYE", timeout=10).status == 200
        assert [one.number for one in strict.calls()] == [NUMBER], "its challenge was answered"
        invites = [one for one in provider.messages() if one.startswith("INVITE")]
        assert "Proxy-Authorization" not in invites[0]
        assert not any(LOGIN in one or FROM in one for one in invites)
    finally:
        strict.refuse("INVITE", None)


def _shows(invite: str, name: str, number: str) -> None:
    assert f"<sip:{ACCOUNT}@{FROM}>" in _header(invite, "From")
    assert f"<sip:{number}@{FROM}>" in _header(invite, name)
    assert [one for one in IDENTITIES if one in invite] == [name]


def _is_answered_for(message: str, name: str) -> None:
    told = _header(message, name)
    assert f'username="{LOGIN}"' in told
    assert "algorithm=SHA-256" in told


def _called(provider: Provider, phone: Softphone, extra: Any = None) -> tuple[str, str]:
    """INVITE and BYE of an answered call as they reach the provider."""
    provider.forget()
    dialog: Dialog = phone.call_answered(*phone.begin_call(NUMBER, extra), 10)
    assert phone.ask_in_dialog(dialog, "BYE", timeout=10).status == 200
    invites = [one for one in provider.messages() if one.startswith("INVITE") and "Proxy-Authorization" in one]
    byes = [one for one in provider.messages() if one.startswith("BYE")]
    return invites[-1], byes[-1]


def _header(message: str, name: str) -> str:
    found = re.search(rf"^{name}: *(.*?)\r?$", message, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


@pytest.fixture
def scripted(lab: Any) -> Iterator[Softphone]:
    """A provider that obeys its script."""
    account = Account("line42", "isp42.example", "Secret-of-trunk-42")
    with Softphone(lab.host("isp42", 73), (PBX_ADDRESS, 5060), account, local_port=5060) as one:
        yield one


def _trunk_at(pbx: Any, scripted: Softphone, **more: Any) -> dict[str, Any]:
    hosts = [{"host": scripted.address, "port": 5060}]
    made: dict[str, Any] = pbx.rest.post("trunks", name="ISP 42", hosts=hosts, domain="isp42.example", **more)
    return made


def test_a_registration_lasts_as_long_as_the_provider_wants(pbx: Any, scripted: Softphone) -> None:
    """RFC 3261 section 10.2.8: it was shown as refused, asked in vain each minute, and no call came in."""
    login = {"kind": "register", "username": "line42", "password": scripted.account.secret}
    made = _trunk_at(pbx, scripted, **login, expires=120, keepalive=0)
    try:
        first = scripted.request("REGISTER", 10)
        assert first.header("expires") == "120"
        scripted.respond(first, 423, "Interval Too Brief", "a", extra=[("Min-Expires", "1800")])
        again = scripted.request("REGISTER", 10)
        assert again.header("expires") == "1800"
        scripted.respond(again, 423, "Interval Too Brief", "a", extra=[("Min-Expires", "1800")])
        within(10, lambda: registration_of(pbx.rest, made["id"]) == "refused", "it is not asked for ever")
        pbx.rest.patch(f"trunks/{made['id']}", expires=180)
        asked = scripted.request("REGISTER", 10)
        assert asked.header("expires") == "180", "what the provider wanted was an answer to another question"
        scripted.respond(asked, 200, "OK", extra=[("Contact", f"{asked.header('contact')};expires=180")])
        within(10, lambda: registration_of(pbx.rest, made["id"]) == "registered", "the trunk is registered")
    finally:
        pbx.rest.delete(f"trunks/{made['id']}")


def test_who_calls_is_read_where_the_provider_says_it(pbx: Any, scripted: Softphone, phone: Any) -> None:
    """With the setting alone: otherwise Remote-Party-ID is what anybody may have written (attack case 35)."""
    desk = phone("978")
    source = {"kind": "address", "sources": [{"cidr": f"{scripted.address}/32", "port": 0}], "keepalive": 0}
    made = _trunk_at(pbx, scripted, **source, default_number="+493012395")
    tenant, number = pbx.tenant["id"], "+493012395"
    pool = pbx.rest.post("number-pools", tenant_id=tenant, trunk_id=made["id"], first=number)
    rule = {"tenant_id": tenant, "name": "As they are", "first": number, "destination": "extension:978"}
    leads = pbx.rest.post("inbound-rules", **rule)
    try:
        assert "+4989111" in _rings(scripted, desk, number)
        pbx.rest.patch(f"trunks/{made['id']}", caller_in="remote_party_id")
        within(10, lambda: "+4989222" in _rings(scripted, desk, number), "the caller is read in Remote-Party-ID")
    finally:
        pbx.rest.delete(f"inbound-rules/{leads['id']}")
        pbx.rest.delete(f"number-pools/{pool['id']}")
        pbx.rest.delete(f"trunks/{made['id']}")


def _rings(provider: Softphone, desk: Softphone, number: str) -> str:
    """Who calls, as the desk sees it."""
    uri, (content, body) = f"sip:{number}@{PBX_ADDRESS}", provider.offer()
    headers = provider.headers("INVITE", uri, from_uri="sip:+4989111@isp42.example")
    remote = ("Remote-Party-ID", '"Ann" <sip:+4989222@isp42.example>;party=calling;screen=yes;privacy=off')
    raw = [*headers, remote, *content]
    invited = provider.silent("INVITE", uri, raw, body, wait=0.5)
    assert invited is None, invited
    invite = desk.request("INVITE")
    desk.respond(invite, 486, "Busy Here", "b")
    return invite.header("from")
