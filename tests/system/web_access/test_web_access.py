"""What really listens and what is really served, asked over the network (reference "Web Access Security")."""

import hashlib
import http.client
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.rest import Refused
from tests.unit.engines.authority import HOST, Issued, authority, server

PORTAL = 8887
PHONE = 10443
SWITCHES = {"redirect_80": 80, "redirect_443": 443, "provisioning_http": 8888}
ROOT, ISSUING = authority()


@pytest.fixture(autouse=True)
def closed_again(pbx: Any) -> Iterator[None]:
    yield
    pbx.rest.patch("settings/web-access", **dict.fromkeys(SWITCHES, False))


def unchecked(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if version is not None:
        context.minimum_version = context.maximum_version = version
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


def connected(pbx: Any, port: int) -> socket.socket:
    link: socket.socket = pbx.product.admin.tcp()
    link.settimeout(5)
    try:
        link.connect((PBX_ADDRESS, port))
    except OSError:
        link.close()
        raise
    return link


def is_open(pbx: Any, port: int) -> bool:
    try:
        connected(pbx, port).close()
    except ConnectionRefusedError:
        return False
    return True


def asked(
    pbx: Any, port: int, path: str = "/", tls: bool = False, method: str = "GET", host: str = PBX_ADDRESS
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(PBX_ADDRESS, port, timeout=5)
    link = connected(pbx, port)
    with unchecked().wrap_socket(link) if tls else link as connection.sock:
        connection.request(method, path, headers={"Connection": "close", "Host": host})
        answer = connection.getresponse()
        answer.read()
    return answer


@pytest.mark.parametrize("port", [PORTAL, PHONE])
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [("TRACE", "/api/v1/users", "GET, HEAD, POST, PUT, PATCH, DELETE"), ("POST", "/static/portal.css", "GET, HEAD")],
)
def test_a_method_that_is_not_served_is_told_which_are(
    pbx: Any, port: int, method: str, path: str, allowed: str
) -> None:
    """RFC 9110 section 15.5.6; TRACE would show a script what its browser sends."""
    answer = asked(pbx, port, path, tls=True, method=method)
    assert (answer.status, answer.getheader("Allow")) == (405, allowed)


def test_a_made_up_host_leads_nobody_there(pbx: Any) -> None:
    """The Host header is the client's: a redirection names the page alone."""
    assert asked(pbx, PHONE, tls=True, host="evil.example").getheader("Location") == "/phone"


def served(pbx: Any) -> str:
    """The fingerprint of the certificate that a new connection gets."""
    with unchecked().wrap_socket(connected(pbx, PORTAL)) as link:
        return hashlib.sha256(link.getpeercert(binary_form=True) or b"").hexdigest()


def bring(pbx: Any, made: Issued, host: str = HOST) -> Any:
    return pbx.rest.call(
        "PUT", "certificates/web", {"chain": made.pem + ISSUING.pem, "key": made.key_pem, "host": host}
    )


def fingerprint(made: Issued) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(made.pem)).hexdigest()


def test_only_https_on_8887_answers_at_first(pbx: Any) -> None:
    assert [port for port in SWITCHES.values() if is_open(pbx, port)] == []
    plain = asked(pbx, PORTAL)
    assert (plain.status, plain.getheader("Location")) == (400, None)


@pytest.mark.parametrize("port_of", ["redirect_80", "redirect_443"])
def test_a_redirect_is_opened_and_closed_and_leads_only_to_the_portal(pbx: Any, port_of: str) -> None:
    port = SWITCHES[port_of]
    pbx.rest.patch("settings/web-access", **{port_of: True})
    answer = asked(pbx, port, "/setup?token=secret", tls=port == 443)
    assert (answer.status, answer.getheader("Location")) == (307, f"https://{PBX_ADDRESS}:8887/")
    assert [other for other in SWITCHES.values() if is_open(pbx, other)] == [port]
    pbx.rest.patch("settings/web-access", **{port_of: False})
    within(3, lambda: not is_open(pbx, port), "the port is closed again")


def test_plain_http_for_phones_shows_neither_page_nor_rest_api(pbx: Any) -> None:
    pbx.rest.patch("settings/web-access", provisioning_http=True)
    for path in ("/", "/sign-in", "/api/v1/status", "/api/v1/openapi.json", "/static/portal.css", "/provisioning/x"):
        answer = asked(pbx, 8888, path)
        assert (path, answer.status, answer.getheader("Location")) == (path, 404, None)


@pytest.mark.restarts
def test_an_open_port_is_open_again_after_the_web_server_was_killed(pbx: Any) -> None:
    pbx.rest.patch("settings/web-access", redirect_80=True)
    old = pbx.product.process_ids()["web"]
    os.kill(old, signal.SIGKILL)
    within(6, lambda: pbx.product.process_ids().get("web") not in (0, old) and is_open(pbx, 80), "80 is open again")


def test_a_port_that_another_program_holds_is_refused_and_named(pbx: Any) -> None:
    with pbx.product.host.tcp(443) as holder:
        holder.listen()
        with pytest.raises(Refused) as caught:
            pbx.rest.patch("settings/web-access", redirect_443=True)
    assert (caught.value.status, caught.value.problem["field"]) == (422, "redirect_443")
    assert "443" in caught.value.problem["detail"]
    assert asked(pbx, PORTAL, "/sign-in", tls=True).status == 200


def test_a_new_certificate_is_served_and_nobody_is_cut_off(pbx: Any) -> None:
    made = server(ISSUING)
    with unchecked().wrap_socket(connected(pbx, PORTAL)) as begun:
        begun.sendall(b"GET /sign-in HTTP/1.1\r\nHost: pbx\r\n")
        answer = bring(pbx, made)
        within(3, lambda: served(pbx) == fingerprint(made), "the new one is served, also where nginx is slow to change")
        begun.sendall(b"Connection: close\r\n\r\n")
        assert begun.recv(15) == b"HTTP/1.1 200 OK"
    assert (answer["names"], answer["self_signed"]) == ([HOST, "192.0.2.10"], False)
    assert pbx.rest.get("certificates/web")["fingerprint"].replace(":", "").lower() == fingerprint(made)
    pbx.rest.patch("settings/web-access", redirect_443=True)
    assert served(pbx) == fingerprint(made)


@pytest.mark.parametrize(
    ("chain", "key", "host", "field"),
    [("other", "own", HOST, "key"), ("reversed", "own", HOST, "chain"), ("own", "own", "elsewhere.example", "host")],
)
def test_a_certificate_that_browsers_would_refuse_is_never_served(
    pbx: Any, chain: str, key: str, host: str, field: str
) -> None:
    made, other, before = server(ISSUING), server(ISSUING), served(pbx)
    chains = {"own": made.pem + ISSUING.pem, "other": other.pem + ISSUING.pem, "reversed": ISSUING.pem + made.pem}
    with pytest.raises(Refused) as caught:
        pbx.rest.call("PUT", "certificates/web", {"chain": chains[chain], "key": made.key_pem, "host": host})
    assert caught.value.problem["field"] == field
    assert served(pbx) == before


def test_when_the_web_server_does_not_follow_everything_is_rolled_back(pbx: Any) -> None:
    """A stopped master cannot read its new file: the old certificate stays, also for the next start."""
    before, master = served(pbx), pbx.product.process_ids()["web"]
    os.kill(master, signal.SIGSTOP)
    try:
        with pytest.raises(Refused) as caught:
            bring(pbx, server(ISSUING))
    finally:
        os.kill(master, signal.SIGCONT)
    assert caught.value.problem["error_id"] == "web.refused"
    assert served(pbx) == before
    assert fingerprint_on_disk(pbx) == before


def fingerprint_on_disk(pbx: Any) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(_first(pbx.product.paths.web_certificate.read_text()))).hexdigest()


def _first(chain: str) -> str:
    end = "-----END CERTIFICATE-----"
    return chain.partition(end)[0] + end


def test_old_tls_is_refused_and_the_server_does_not_name_itself(pbx: Any) -> None:
    for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.warns(DeprecationWarning, match="deprecated"), pytest.raises(ssl.SSLError):
            unchecked(version).wrap_socket(connected(pbx, PORTAL))
    answer = asked(pbx, PORTAL, "/sign-in", tls=True)
    assert answer.getheader("Server") == "nginx"
    assert answer.getheader("Strict-Transport-Security") is None
    assert "script-src 'self'" in (answer.getheader("Content-Security-Policy") or "")


@pytest.mark.parametrize(("method", "status"), [("POST", 401), ("GET", 413), ("PUT", 413)])
def test_a_stranger_cannot_fill_the_disk_with_a_list(pbx: Any, method: str, status: int) -> None:
    """Attack case W, large bodies: the answer is there before a byte of the list is, whatever the method."""
    path = "/api/v1/ip-filters/import"
    with unchecked().wrap_socket(connected(pbx, PORTAL)) as link:
        lines = (
            f"{method} {path} HTTP/1.1",
            f"Host: {PBX_ADDRESS}",
            "Content-Type: text/csv",
            "Content-Length: 99000000",
        )
        link.sendall("\r\n".join((*lines, "", "")).encode())
        assert link.recv(100).startswith(f"HTTP/1.1 {status} ".encode())


def test_whoever_may_change_lists_sends_one_through_the_web_server(pbx: Any) -> None:
    """Issue 3, 2. A body larger than the rest of the portal takes; only looked at, so nothing stays behind."""
    body = "203.0.113.9\n" + "# nothing but a remark\n" * 400_000
    connection = http.client.HTTPConnection(PBX_ADDRESS, PORTAL, timeout=60)
    with unchecked().wrap_socket(connected(pbx, PORTAL)) as connection.sock:
        headers = {"Authorization": f"Bearer {pbx.rest.token}", "Content-Type": "text/plain"}
        connection.request("POST", "/api/v1/ip-filters/import?target=block&dry_run=true", body, headers)
        answer = connection.getresponse()
        said = answer.read()
    assert answer.status == 200, said[:500]


def said_to(pbx: Any, *lines: str) -> bytes:
    with unchecked().wrap_socket(connected(pbx, PORTAL)) as link:
        link.sendall("\r\n".join(lines).encode())
        answer = b""
        while part := link.recv(4096):
            answer += part
        return answer


def test_a_request_with_two_ends_is_refused(pbx: Any) -> None:
    """ASVS 4.2.1. Length and chunks at once: one answer, and what follows is no second request."""
    answer = said_to(
        pbx, "POST /sign-in HTTP/1.1", f"Host: {PBX_ADDRESS}", "Content-Length: 4", "Transfer-Encoding: chunked", "",
        "0", "", "GET /healthz HTTP/1.1", f"Host: {PBX_ADDRESS}", "", "",
    )  # fmt: skip
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1


def test_every_text_says_its_character_set(pbx: Any) -> None:
    """ASVS 4.1.1. Pages of the portal, files that nginx serves itself, and problem documents."""
    kinds = {
        "/sign-in": "text/html; charset=utf-8",
        "/static/portal.css": "text/css; charset=utf-8",
        "/static/portal.js": "application/javascript; charset=utf-8",
        "/api/v1/users": "application/problem+json",
    }
    found = {path: (asked(pbx, PORTAL, path, tls=True).getheader("Content-Type") or "").lower() for path in kinds}
    assert found == kinds
