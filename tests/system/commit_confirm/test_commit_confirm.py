"""Case 68: a security change that locks people out reverts by itself; who can still get in keeps it."""

import http.client
import os
import signal
import ssl
import time
from typing import Any

import pytest

from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.rest import Refused
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]

AGENT = "Ringfence-Lab-Nobody"


class KeptAlive:
    """One TCP connection to REST that is used again and again."""

    def __init__(self, pbx: Any) -> None:
        context = ssl.create_default_context(cafile=str(pbx.product.paths.web_certificate))
        context.check_hostname = False
        link = pbx.product.admin.tcp()
        link.settimeout(10)
        link.connect((PBX_ADDRESS, 8887))
        self._connection = http.client.HTTPSConnection(PBX_ADDRESS, 8887, context=context)
        self._connection.auto_open = 0  # a closed connection must not be replaced unseen
        self._connection.sock = context.wrap_socket(link, server_hostname=PBX_ADDRESS)
        self._headers = {"Authorization": f"Bearer {pbx.rest.token}", "Content-Type": "application/json"}

    def __enter__(self) -> "KeptAlive":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def call(self, method: str, path: str, body: str = "{}") -> tuple[int, str]:
        """Status, and the number of the unconfirmed change."""
        self._connection.request(method, f"/api/v1/{path}", body, self._headers)
        answer = self._connection.getresponse()
        answer.read()
        return answer.status, answer.getheader("X-Unconfirmed-Change", "")


def packets(pbx: Any) -> int:
    return int(pbx.rest.get("settings/security")["level_1_packets"])


def test_only_a_new_connection_confirms(pbx: Any) -> None:
    with KeptAlive(pbx) as other, KeptAlive(pbx) as saving:
        assert other.call("GET", "unconfirmed-changes")[0] == 200
        status, number = saving.call("PATCH", "settings/security?confirm_within=5", '{"level_1_packets": 510}')
        assert (status, bool(number)) == (200, True)
        assert saving.call("POST", f"unconfirmed-changes/{number}/confirm")[0] == 409, "the one that saved"
        assert other.call("POST", f"unconfirmed-changes/{number}/confirm")[0] == 409, "open before the change"
    with KeptAlive(pbx) as fresh:
        assert fresh.call("POST", f"unconfirmed-changes/{number}/confirm")[0] == 204
    assert packets(pbx) == 510
    assert pbx.rest.get("unconfirmed-changes")["count"] == 0
    pbx.rest.patch("settings/security", level_1_packets=500)


def test_a_client_cannot_claim_a_new_connection(pbx: Any) -> None:
    """The header by which nginx names the connection is set, never passed on."""
    with KeptAlive(pbx) as saving:
        _, number = saving.call("PATCH", "settings/security?confirm_within=5", '{"level_1_packets": 511}')
        saving._headers["X-Connection"] = "1-999999 0.000"
        assert saving.call("POST", f"unconfirmed-changes/{number}/confirm")[0] == 409
    assert pbx.product.command("confirm", number).returncode == 0, "a shell of the server may"
    assert packets(pbx) == 511
    pbx.rest.patch("settings/security", level_1_packets=500)


@pytest.mark.restarts
def test_what_nobody_confirms_reverts_though_portal_guard_and_ingest_were_killed(pbx: Any, stranger: Any) -> None:
    """Seen from the address that was blocked."""
    with Softphone(stranger(), (PBX_ADDRESS, 5060), Account("nobody", "acme.example", "x")) as victim:
        assert _is_answered(victim)
        with KeptAlive(pbx) as saving:
            body = f'{{"cidr": "{victim.host.address}/32", "target": "block"}}'
            status, number = saving.call("POST", "ip-filters?confirm_within=1", body)
        saved = time.monotonic()
        assert status == 201
        within(5, lambda: not _is_answered(victim), "the block is in force on the wire")
        for name in ("portal", "guard", "ingest"):
            os.kill(pbx.product.process_ids()[name], signal.SIGKILL)
        assert [row["id"] for row in pbx.product.asked("confirm")] == [int(number)]
        within(80, lambda: _is_answered(victim), "the block is gone")
        assert 55 <= time.monotonic() - saved <= 80
    told, _ = within(5, lambda: pbx.rest.get("audit-log", action="confirm.reverted")["items"], "the audit log tells")
    assert told[0]["actor"] == "automatic revert"
    within(10, lambda: all(pbx.product.is_ready(name) for name in ("portal", "guard", "ingest")), "all are back")


def _is_answered(one: Softphone) -> bool:
    target = f"sip:{one.account.domain}"
    return one.silent("OPTIONS", target, one.headers("OPTIONS", target), wait=0.5) is not None


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "::/0", "10.77.0.10/32", "10.77.0.1/32", "127.0.0.1/32"])
def test_what_would_lock_everybody_out_is_refused_even_on_trial(pbx: Any, cidr: str) -> None:
    """Everything, the acting administrator's own address, our own address, loopback."""
    with pytest.raises(Refused) as refused:
        pbx.rest.call("POST", "ip-filters?confirm_within=1", {"cidr": cidr, "target": "block"})
    assert refused.value.status == 422


def test_the_command_line_lists_and_takes_back(pbx: Any) -> None:
    with KeptAlive(pbx) as saving:
        _, number = saving.call("POST", "blocked-user-agents?confirm_within=60", f'{{"pattern": "{AGENT}"}}')
    assert AGENT in pbx.product.command("confirm").stdout
    assert pbx.product.command("confirm", number, "--revert").returncode == 0
    assert AGENT not in str(pbx.rest.get("blocked-user-agents"))
    again = pbx.product.command("confirm", number)
    assert (again.returncode, "already" in again.stderr) == (1, True)
    assert pbx.product.command("confirm", "no-number").returncode == 2
