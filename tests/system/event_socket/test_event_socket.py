"""The WebSocket Interface on 8885 (reference: "Ports Security"): who hears what, how soon, and who is sent away."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import jsonschema_rs
import pytest

from ringfence.lab.listener import Listener
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.rest import Rest
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, end_call, establish
from ringfence.policy.events import FROM_AUDIT, Kind
from ringfence.policy.people.subscriptions import TELLINGS
from tools import asyncapi

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]

SOON = 2.0
ANSWERED = 10.0
NOTICED = 45.0
EVERYTHING = ("registrations", "calls", "bans", "alarms", "settings", "audit")
FIRST_PASSWORD = "first-Horse7-Battery"
PASSWORD = "correct-Horse7-Battery"


@pytest.fixture(scope="module")
def neighbour(pbx: Any) -> dict[str, Any]:
    return pbx.product.create_tenant("Neighbour", "neighbour.example")


def tenant_token(pbx: Any, tenant: dict[str, Any], number: str) -> str:
    """The token of a tenant's own administrator."""
    username = f"{number}@{tenant['domain']}"
    wish = {"extension": number, "display_name": "Boss", "role": "Admin", "password": FIRST_PASSWORD}
    pbx.rest.post("users", tenant_id=tenant["id"], **wish)
    one = Rest(pbx.product.admin, pbx.product.paths.web_certificate)
    one.post("auth/password", username=username, password=FIRST_PASSWORD, new_password=PASSWORD)
    return str(one.post("auth/token", username=username, password=PASSWORD)["token"])


@pytest.fixture(scope="module")
def tokens(pbx: Any, neighbour: dict[str, Any]) -> dict[str, str]:
    return {
        "system": pbx.rest.token,
        "own": tenant_token(pbx, pbx.tenant, "900"),
        "other": tenant_token(pbx, neighbour, "900"),
    }


@pytest.fixture
def listeners(pbx: Any, tokens: dict[str, str], stranger: Any) -> Iterator[dict[str, Listener]]:
    """The system administrator, an administrator of the tenant, and one of another tenant."""
    made: dict[str, Listener] = {}
    try:
        for who, token in tokens.items():
            topics = EVERYTHING if who == "system" else tuple(topic for topic in EVERYTHING if topic != "alarms")
            made[who] = Listener(stranger(), pbx.product.paths.web_certificate, token, *topics)
        for one in made.values():
            one.subscribed()
        yield made
        for one in made.values():
            described(one.messages)
    finally:
        for one in made.values():
            one.close()


def described(messages: list[dict[str, Any]]) -> None:
    """Every message as docs/wsi.asyncapi.json says, to the type of each field."""
    for message in messages:
        sent = {name: value for name, value in message.items() if name != "arrived"}
        payload = asyncapi.document()["components"]["messages"][sent.get("kind", sent["type"])]["payload"]
        jsonschema_rs.validate(payload, sent)


def kind(wanted: str, **fields: Any) -> Any:
    return lambda message: (
        message.get("kind") == wanted and all(message["data"].get(name) == value for name, value in fields.items())
    )


def test_a_call_is_heard_within_two_seconds_by_its_tenant_alone(listeners: dict[str, Listener], phone: Any) -> None:
    begun = time.time()
    caller, callee = phone("311"), phone("312")
    dialog, _ = establish(caller, callee)
    answered = time.time()
    end_call(caller, callee, dialog)
    ended = time.time()
    for who in ("system", "own"):
        one = listeners[who]
        came = one.wait_for(kind("registration.saved", aor="311@acme.example"), SOON)
        assert came["arrived"] - begun <= SOON + 1
        started = one.wait_for(kind("call.started", caller="311@acme.example", callee="312@acme.example"), SOON)
        call_id = started["data"]["call_id"]
        heard = one.wait_for(kind("call.answered", call_id=call_id), SOON)
        assert heard["arrived"] - answered <= SOON
        over = one.wait_for(kind("call.ended", call_id=call_id, code=200), SOON)
        assert over["arrived"] - ended <= SOON
    heard_elsewhere = {event["kind"] for event in listeners["other"].events}
    assert heard_elsewhere <= FROM_AUDIT  # that its own token was made


def test_a_forwarded_call_is_heard_with_where_it_goes(pbx: Any, listeners: dict[str, Listener], phone: Any) -> None:
    """What docs/wsi.asyncapi.json promises is there: who did not take the call, and who is called instead."""
    caller, busy, other = phone("313"), phone("314"), phone("315")
    pbx.rest.patch(f"users/{pbx.users['314']['id']}/calling", forward_busy="315")
    time.sleep(0.5)
    try:
        caller.begin_call("314")
        busy.respond(busy.request("INVITE"), 486, "Busy Here")
        other.respond(other.request("INVITE"), 486, "Busy Here")
        heard = listeners["own"].wait_for(kind("call.forwarded", by="314@acme.example"), SOON)
        assert set(heard["data"]) == set(TELLINGS[Kind.CALL_FORWARDED].fields)
        assert (heard["data"]["callee"], heard["data"]["rung"]) == ("315@acme.example", [])
    finally:
        pbx.rest.patch(f"users/{pbx.users['314']['id']}/calling", forward_busy="")


def test_a_ban_is_heard_by_the_system_and_by_the_tenant_whose_account_was_tried(
    pbx: Any, listeners: dict[str, Listener], stranger: Any
) -> None:
    pbx.account("313")
    with Softphone(stranger(), (PBX_ADDRESS, 5060), Account("313", "acme.example", "wrong")) as attacker:
        for _ in range(60):
            attacker.silent(*_register(attacker), wait=0.3)
            if pbx.product.in_kernel_set(attacker.host.address):
                break
            _guess(attacker)
        banned = time.time()
        address = attacker.host.address
        whole = listeners["system"].wait_for(kind("ban.added", address=address), SOON)
        part = listeners["own"].wait_for(kind("ban.added", address=address), SOON)
        assert part["arrived"] - banned <= SOON
        assert whole["data"]["evidence"]["accounts"] == ["313@acme.example"]
        assert part["data"]["accounts"] == ["313@acme.example"]
        assert "evidence" not in part["data"]
        pbx.rest.delete(f"bans/{address}")
        listeners["own"].wait_for(kind("ban.lifted", address=address), SOON)
    assert [event for event in listeners["other"].events if event["kind"].startswith("ban.")] == []


def _register(one: Softphone) -> tuple[str, str, Any]:
    return "REGISTER", "sip:acme.example", [*one.headers("REGISTER", one.account.aor), ("Expires", "300")]


def _guess(one: Softphone) -> None:
    method, uri, headers = _register(one)
    first = one.silent(method, uri, headers, wait=0.5)
    if first is not None and first.status == 401:
        one.silent(method, uri, one.answered(first, method, uri, headers), wait=0.5)


def test_a_changed_setting_is_heard(pbx: Any, listeners: dict[str, Listener]) -> None:
    entry = pbx.product.allow("10.77.9.9")
    changed = listeners["system"].wait_for(kind("settings.changed", action="ip_filter.created"), SOON)
    assert changed["data"]["changes"]["cidr"]["new"] == "10.77.9.9/32"
    pbx.rest.delete(f"ip-filters/{entry['id']}")
    listeners["system"].wait_for(kind("settings.changed", action="ip_filter.deleted"), SOON)
    assert [event for event in listeners["own"].events if event["kind"] == "settings.changed"] == []


def test_who_resumes_by_id_hears_exactly_what_it_missed(pbx: Any, tokens: dict[str, str], stranger: Any) -> None:
    certificate = pbx.product.paths.web_certificate
    with Listener(stranger(), certificate, tokens["system"], "settings") as first:
        first.subscribed()
        kept = [pbx.product.allow(f"10.77.9.{number}") for number in (11, 12)]
        heard = first.wait_for(lambda m: m.get("data", {}).get("object_label") == "allow 10.77.9.11/32", SOON)
        first.wait_for(lambda m: m.get("data", {}).get("object_label") == "allow 10.77.9.12/32", SOON)
    for entry in kept:
        pbx.rest.delete(f"ip-filters/{entry['id']}")
    with Listener(stranger(), certificate, tokens["system"], "settings", since=heard["id"]) as second:
        assert second.subscribed()["gap"] is False
        second.wait_for(lambda m: len(second.events) >= 3, SOON)
        told = [(event["data"]["action"], event["data"]["object_label"]) for event in second.events]
    assert told[:3] == [
        ("ip_filter.created", "allow 10.77.9.12/32"),
        ("ip_filter.deleted", "allow 10.77.9.11/32"),
        ("ip_filter.deleted", "allow 10.77.9.12/32"),
    ]


def test_a_revoked_token_closes_the_socket(pbx: Any, stranger: Any) -> None:
    boss = tenant_token(pbx, pbx.tenant, "901")
    with Listener(stranger(), pbx.product.paths.web_certificate, boss, "calls") as one:
        one.subscribed()
        revoking = Rest(pbx.product.admin, pbx.product.paths.web_certificate, boss)
        revoking.delete("auth/token")
        assert "4401" in one.ended(6.0)


@pytest.mark.parametrize(("token", "topics", "code"), [("rf_wrong", ("calls",), "4401"), ("", ("calls",), "4401")])
def test_nobody_listens_without_a_valid_token(
    pbx: Any, stranger: Any, token: str, topics: tuple[str, ...], code: str
) -> None:
    with Listener(stranger(), pbx.product.paths.web_certificate, token, *topics) as one:
        assert code in one.ended(6.0)


def test_a_tenant_cannot_subscribe_to_the_systems_alarms(pbx: Any, tokens: dict[str, str], stranger: Any) -> None:
    with Listener(stranger(), pbx.product.paths.web_certificate, tokens["own"], "alarms") as one:
        assert "4403" in one.ended(6.0)


def test_a_trunk_that_goes_down_and_comes_back_is_heard_once_each_time_and_by_no_tenant(
    pbx: Any, lab: Any, tokens: dict[str, str], stranger: Any
) -> None:
    """docs/wsi.md: `trunks` needs `trunks.read`, and a tenant's administrator may not subscribe."""
    certificate, host = pbx.product.paths.web_certificate, lab.host("ws-trunk", 68)
    wish = {"name": "Heard", "kind": "address", "domain": "heard.example", "keepalive": 5, "numbers": ["+499801*"]}
    places = {"hosts": [{"host": host.address, "port": 5060}], "sources": [{"cidr": host.address, "port": 0}]}
    with Listener(stranger(), certificate, tokens["system"], "trunks") as one:
        one.subscribed()
        with answering(host):
            made = pbx.rest.post("trunks", **wish, **places)
            one.wait_for(kind("trunk.changed", trunk_id=made["id"], state="up"), ANSWERED)
            time.sleep(6)
        one.wait_for(kind("trunk.changed", trunk_id=made["id"], state="down"), NOTICED)
        with answering(host):
            within(NOTICED, lambda: len(states(one, made["id"])) == 3, "it is up again")
            time.sleep(6)
        pbx.rest.delete(f"trunks/{made['id']}")
        assert states(one, made["id"]) == ["up", "down", "up"]
        described(one.messages)
    for who in ("own", "other"):
        with Listener(stranger(), certificate, tokens[who], "trunks") as refused:
            assert "4403" in refused.ended(6.0)


def states(one: Listener, trunk: int) -> list[str]:
    return [event["data"]["state"] for event in one.events if event["data"].get("trunk_id") == trunk]


@contextmanager
def answering(host: Any) -> Iterator[None]:
    """A provider that says 200 to every OPTIONS."""
    over = threading.Event()
    with host.udp(5060) as sock:
        sock.settimeout(0.2)

        def answer() -> None:
            while not over.is_set():
                with suppress(TimeoutError):
                    asked, source = sock.recvfrom(4096)
                    lines = asked.decode().split("\r\n")
                    kept = [line for line in lines if line.startswith(("Via:", "From:", "To:", "Call-ID:", "CSeq:"))]
                    told = ["SIP/2.0 200 OK", *kept, "Content-Length: 0", "", ""]
                    sock.sendto("\r\n".join(told).encode(), source)

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def test_a_token_in_the_url_is_refused_and_in_no_log(pbx: Any, tokens: dict[str, str], stranger: Any) -> None:
    assert b"400" in _upgrade(pbx, stranger(), f"/?token={tokens['system']}").split(b"\r\n")[0]
    log = (pbx.product.paths.web_logs / "access.log").read_text(encoding="utf-8")
    assert tokens["system"] not in log


def test_plain_http_gets_no_socket(pbx: Any, stranger: Any) -> None:
    with stranger().tcp() as sock:
        sock.settimeout(3)
        sock.connect((PBX_ADDRESS, 8885))
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert sock.recv(200).startswith(b"HTTP/1.1 400")


def test_who_never_subscribes_is_sent_away(pbx: Any, tokens: dict[str, str], stranger: Any) -> None:
    """A connection without a subscription lives ten seconds."""
    with _opened(pbx, stranger(), "/", tokens["system"]) as link:
        assert b" 101 " in link.recv(2_000)
        link.settimeout(14)
        assert b"subscribe within" in link.recv(200)


def _context(pbx: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(pbx.product.paths.web_certificate))
    context.check_hostname = False
    return context


def _upgrade(pbx: Any, host: Any, path: str, token: str = "") -> bytes:
    with _opened(pbx, host, path, token) as link:
        return link.recv(2_000)


def _opened(pbx: Any, host: Any, path: str, token: str = "") -> ssl.SSLSocket:
    plain = host.tcp()
    plain.settimeout(5)
    plain.connect((PBX_ADDRESS, 8885))
    link = _context(pbx).wrap_socket(plain, server_hostname=PBX_ADDRESS)
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    link.sendall(
        f"GET {path} HTTP/1.1\r\nHost: {PBX_ADDRESS}:8885\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{bearer}\r\n".encode()
    )
    return link
