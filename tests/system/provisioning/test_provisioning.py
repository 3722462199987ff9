"""Desk phones fetch their files over the network and register with what stands in them (reference: "IP Phone
Security"; attack cases V100, V101, V104)."""

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pytest

from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, Transport, unchecked_tls

MAC = "001565aabb"
NOTHING = (404, "Not found\n")


@pytest.fixture(autouse=True)
def http_closed_again(pbx: Any) -> Iterator[None]:
    yield
    pbx.rest.patch("settings/web-access", provisioning_http=False)


def fetch(host: Host, address: str, port: int = 8887) -> tuple[int, str]:
    """What a phone on this host gets, with a User-Agent of its own."""
    path = urlsplit(address).path
    link = host.tcp()
    link.settimeout(10)
    try:
        link.connect((PBX_ADDRESS, port))
    except OSError:
        link.close()
        raise
    connection = http.client.HTTPConnection(PBX_ADDRESS, port, timeout=10)
    with unchecked_tls().wrap_socket(link) if port == 8887 else link as connection.sock:
        connection.request("GET", path, headers={"Connection": "close", "User-Agent": "Yealink SIP-T46S 66.85.0.5"})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def add(pbx: Any, number: str, **more: Any) -> dict[str, Any]:
    pbx.account(number)
    wish = {"vendor": "yealink", "mac": MAC + number[-2:], "transport": "udp", **more}
    made: dict[str, Any] = pbx.rest.post("phones", tenant_id=pbx.tenant["id"], extension=number, **wish)
    return made


def lines(text: str) -> dict[str, str]:
    """A Yealink file as the phone reads it."""
    pairs = (line.partition(" = ") for line in text.splitlines() if " = " in line)
    return {key: value for key, _, value in pairs}


def registered(host: Host, said: dict[str, str]) -> Softphone:
    """A phone set up by nothing but its file."""
    transport = [Transport.UDP, Transport.TCP, Transport.TLS][int(said["account.1.sip_server.1.transport_type"])]
    server = (said["account.1.outbound_proxy.1.address"], int(said["account.1.outbound_proxy.1.port"]))
    account = Account(said["account.1.auth_name"], said["account.1.sip_server.1.address"], said["account.1.password"])
    made = Softphone(host, server, account, transport)
    assert made.register().status == 200
    return made


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_desk_phone_registers_with_what_its_file_says(pbx: Any, stranger: Any, transport: str) -> None:
    host = stranger()
    made = add(pbx, {"udp": "121", "tcp": "122", "tls": "123"}[transport], transport=transport)
    status, text = fetch(host, made["file"])
    assert status == 200
    with registered(host, lines(text)):
        assert fetch(stranger(), made["file"]) == NOTHING, "the address belongs to whoever came first"


def test_an_app_registers_with_its_file_which_is_there_once(pbx: Any, stranger: Any) -> None:
    """Case 101: the QR code's address answers a single time."""
    host = stranger()
    made = add(pbx, "124", vendor="generic", mac="", grace_minutes=0)
    status, text = fetch(host, made["file"])
    said = {
        (section.get("name"), entry.get("name")): entry.text or ""
        for section in ElementTree.fromstring(text.encode())  # noqa: S314 our own file
        for entry in section
    }
    account = Account(*(said["auth_info_0", name] for name in ("username", "domain", "passwd")))
    with Softphone(host, (PBX_ADDRESS, 5060), account) as app:
        assert (status, app.register().status) == (200, 200)
    assert fetch(host, made["file"]) == NOTHING
    entries = pbx.rest.get("audit-log?limit=50")["items"]
    assert any(one["action"] == "phone.refused" and one["object_id"] == str(made["id"]) for one in entries)


def test_a_new_sip_secret_reaches_the_registered_phone(pbx: Any, stranger: Any) -> None:
    """The phone is called, fetches, and goes on with the new secret; nobody types anything."""
    host = stranger()
    made = add(pbx, "125")
    with registered(host, lines(fetch(host, made["file"])[1])) as phone:
        pbx.rest.post(f"users/{pbx.users['125']['id']}/sip-secret")
        called = phone.request("NOTIFY", 10)
        assert called.header("Event") == "check-sync;reboot=false"
        phone.respond(called, 200, "OK")
        with registered(host, lines(fetch(host, made["file"])[1])):
            assert phone.register().status != 200, "the old secret is worth nothing"


def test_a_phone_that_changes_hands_gets_another_directory(pbx: Any, stranger: Any) -> None:
    """Reference "IP Phone Security": nothing that the former owner knew leads anywhere."""
    host = stranger()
    made = add(pbx, "126")
    former = lines(fetch(host, made["file"])[1])
    pbx.account("127")
    pbx.rest.patch(f"phones/{made['id']}", extension="127")
    assert fetch(host, made["file"]) == NOTHING
    account = Account("126", former["account.1.sip_server.1.address"], former["account.1.password"])
    with Softphone(host, (PBX_ADDRESS, 5060), account) as old:
        within(5, lambda: old.register().status == 401, "the former SIP secret is refused")
    again = pbx.rest.post(f"phones/{made['id']}/directory")
    with registered(host, lines(fetch(host, again["file"])[1])) as phone:
        assert phone.account.user == "127"


def test_a_sweep_is_banned_from_provisioning_while_its_sip_goes_on(pbx: Any, stranger: Any) -> None:
    """Case 100: MACs and directories guessed at; the same answer for all, a ban of its own scope, and phones go on."""
    host, made = stranger(), add(pbx, "128")
    with Softphone(host, (PBX_ADDRESS, 5060), pbx.account("129")) as desk:
        assert desk.register().status == 200
        guesses = [f"/provisioning/{number:040x}/{MAC}28.cfg" for number in range(12)]
        guesses += [f"/provisioning/{MAC}{number:02x}.cfg" for number in range(12)]
        assert {fetch(host, one) for one in guesses} == {NOTHING}
        told = pbx.product.guard("bans.explain", address=desk.address)
        assert ([door["scope"] for door in told["doors"]], told["banned"]) == (["provisioning"], False)
        assert fetch(host, made["file"]) == NOTHING
        assert desk.register().status == 200
        assert not pbx.product.in_kernel_set(desk.address)
    assert fetch(stranger(), made["file"])[0] == 200


def test_a_sweep_at_the_top_is_banned_too(pbx: Any, stranger: Any) -> None:
    """Case 100: whoever tries MAC addresses on the port for phones knows no directory."""
    pbx.rest.patch("settings/web-access", provisioning_http=True)
    for port in (8887, 8888):
        host = stranger()
        assert {fetch(host, f"/0015650000{number:02x}.cfg", port) for number in range(24)} == {NOTHING}
        told = pbx.product.guard("bans.explain", address=host.address)
        assert [door["scope"] for door in told["doors"]] == ["provisioning"], port
        assert not pbx.product.in_kernel_set(host.address)


def test_plain_http_is_closed_until_somebody_opens_it(pbx: Any, stranger: Any) -> None:
    """Case 104: refused, not redirected; with the switch of "Web Access" the same files are there, and nothing else."""
    host, made = stranger(), add(pbx, "130")
    with pytest.raises(ConnectionRefusedError):
        fetch(host, made["file"], 8888)
    pbx.rest.patch("settings/web-access", provisioning_http=True)
    status, text = fetch(host, made["file"], 8888)
    assert (status, "http://" in lines(text)["static.auto_provision.server.url"]) == (200, True)
    assert fetch(host, "/provisioning/x", 8888) == NOTHING


def test_no_log_holds_the_secret_address(pbx: Any, stranger: Any) -> None:
    """Case 101: the access log and the portal's own say that somebody fetched, not what."""
    made = add(pbx, "131")
    assert fetch(stranger(), made["file"])[0] == 200
    token = made["directory"].split("/")[-2]
    for mistyped in (f"/PROVISIONING/{token}/x.cfg", f"/config/{token}/x.cfg"):
        assert fetch(stranger(), mistyped)[0] == 404
    logs = pbx.product.paths.web_logs
    within(5, lambda: "/provisioning/-" in (logs / "access.log").read_text(), "the request is logged")
    held = [path for path in pbx.product.paths.state.rglob("*.log*") if token in path.read_text(errors="replace")]
    assert held == []
