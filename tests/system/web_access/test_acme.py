"""A certificate from an authority that really asks on port 80 (issue 6, 2; RFC 8555; attack case 87)."""

import hashlib
import http.client
import os
import signal
import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab.acme import AcmeServer
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from tests.system.web_access.test_web_access import asked, connected, is_open, served, unchecked

NAME = "pbx.acme-lab.example"
FOLDER = "/.well-known/acme-challenge/"
SIP_TLS = 5061


@dataclass(slots=True)
class Authority:
    """On a host of its own, for which every name leads to the PBX; `looked` is called before it asks on port 80."""

    host: Host
    acme: AcmeServer = field(init=False)
    looked: Callable[[], object] = bool

    def reach(self, _: str) -> socket.socket:
        self.looked()
        link = self.host.tcp()
        link.settimeout(5)
        link.connect((PBX_ADDRESS, 80))
        return link


@pytest.fixture
def authority(pbx: Any, stranger: Callable[[], Host]) -> Iterator[Authority]:
    made = Authority(stranger())
    listening = made.host.tcp(14000)
    listening.listen(8)
    with AcmeServer(listening, made.host.address, made.reach) as made.acme:
        wish = {"directory": made.acme.directory, "names": [NAME], "terms_agreed": True}
        pbx.rest.patch("settings/acme", **wish, authority=made.acme.root.pem)
        yield made
    pbx.rest.patch("settings/acme", directory="", names=[], authority="", renew=False)
    pbx.rest.patch("settings/web-access", redirect_80=False)


def ordered(pbx: Any) -> dict[str, Any]:
    """How the order ended."""
    number = pbx.rest.post("certificates/web/orders")["id"]

    def ended() -> dict[str, Any] | None:
        newest: dict[str, Any] = pbx.rest.get("certificates/web/orders")["items"][0]
        return newest if newest["id"] == number and newest["ended_at"] else None

    return within(90, ended, "the order has ended")[0]


def shown_by_sip(pbx: Any) -> str:
    with unchecked().wrap_socket(connected(pbx, SIP_TLS)) as link:
        return hashlib.sha256(link.getpeercert(binary_form=True) or b"").hexdigest()


def first_of(chain: str) -> str:
    end = "-----END CERTIFICATE-----"
    return chain.partition(end)[0] + end


def said_to(pbx: Any, request: bytes) -> int:
    """The status that port 80 answers to a request which no library would send."""
    with connected(pbx, 80) as link:
        link.sendall(request + b" HTTP/1.1\r\nHost: pbx\r\nConnection: close\r\n\r\n")
        answer = http.client.HTTPResponse(link)
        answer.begin()
        return answer.status


def command_lines() -> str:
    """Of every process of this machine."""
    found = []
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(process.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(found)


def told(pbx: Any) -> str:
    """Whatever the product wrote into its logs and journals."""
    logs = [path for path in pbx.product.home.rglob("*") if path.is_file() and path.suffix in (".log", ".jsonl")]
    assert logs
    return "\n".join(path.read_text(errors="replace") for path in logs)


def test_an_ordered_certificate_is_served_by_web_and_sip_and_port_80_is_shut_again(
    pbx: Any, authority: Authority
) -> None:
    assert not is_open(pbx, 80)
    order = ordered(pbx)
    assert (order["state"], order["error"]) == ("done", "")
    fingerprint = order["fingerprint"].replace(":", "").lower()
    chain = authority.acme.orders[0].chain
    assert fingerprint == hashlib.sha256(ssl.PEM_cert_to_DER_cert(first_of(chain))).hexdigest()
    assert served(pbx) == fingerprint
    within(30, lambda: shown_by_sip(pbx) == fingerprint, "SIP shows it as well")
    assert not is_open(pbx, 80), "the order has ended, so the door is shut"
    assert len(authority.acme.behaviour.fetched) == 1


def test_the_door_answers_the_exact_address_alone_and_nothing_is_told_to_others(pbx: Any, authority: Authority) -> None:
    """RFC 8555 section 10.2; reference "Web Access Security": while it is open it is no way in, and leaks nothing."""
    seen: dict[str, Any] = {}

    def look() -> None:
        token = authority.acme.orders[0].tokens[0]
        others = (FOLDER, FOLDER + token + "/", FOLDER + token + "x", FOLDER + token[:-1], FOLDER + token.swapcase())
        more = ("/", "/sign-in", "/setup", "/api/v1/status", "/.well-known/", f"{FOLDER}../../sign-in")
        asking = [f"GET {path}".encode() for path in (*others, *more)]
        seen["statuses"] = {line: said_to(pbx, line) for line in asking}
        seen["lines"] = command_lines()
        seen["files"] = pbx.product.paths.nginx_config.stat().st_mode

    authority.looked = look
    assert ordered(pbx)["state"] == "done"
    assert set(seen["statuses"].values()) == {404}, seen["statuses"]
    token = authority.acme.orders[0].tokens[0]
    assert authority.acme.behaviour.fetched == [FOLDER + token]
    assert not seen["files"] & stat.S_IROTH
    logs = told(pbx)
    for secret in (token, "PRIVATE KEY"):
        assert secret not in logs
        assert secret not in seen["lines"]
    pair = pbx.product.paths.current_pair.resolve()
    modes = {path.name: path.stat().st_mode & 0o777 for path in (pair, *pair.iterdir())}
    assert modes == {pair.name: 0o750, "web.key": 0o640, "web.crt": 0o644}


def test_a_redirect_that_is_on_stays_on_and_a_failed_order_changes_nothing(pbx: Any, authority: Authority) -> None:
    """Attack case 87: the old certificate stays, and the doctor says so."""
    pbx.rest.patch("settings/web-access", redirect_80=True)
    before = served(pbx)
    authority.acme.behaviour.other_names = ("elsewhere.example",)
    order = ordered(pbx)
    assert (order["state"], order["error"]) == ("failed", f"The authority left out {NAME}.")
    assert served(pbx) == before
    (path,) = authority.acme.behaviour.fetched
    answer = asked(pbx, 80, path)
    assert (answer.status, answer.getheader("Location")) == (307, f"https://{PBX_ADDRESS}:8887/")
    assert "web.order_failed" in {finding["id"] for finding in pbx.rest.get("doctor")["findings"]}


@pytest.mark.restarts
def test_an_order_whose_process_is_killed_leaves_the_old_certificate_and_no_door(
    pbx: Any, authority: Authority
) -> None:
    """Attack case 87. It is given up and said so; the next one is made."""
    before, parts = served(pbx), pbx.product.process_ids()
    authority.looked = lambda: os.kill(parts["ingest"], signal.SIGKILL)
    order = ordered(pbx)
    assert (order["state"], order["error"]) == ("failed", "The process that ordered it ended or broke.")
    assert (served(pbx), order["fingerprint"]) == (before, "")
    within(20, lambda: not is_open(pbx, 80), "who comes after it shuts the door")
    authority.looked = bool
    assert ordered(pbx)["state"] == "done"
    assert served(pbx) != before
