"""The SBC beside the core: who speaks through it is known by its own address, and reached through its own flow (issue
6; reference: "Default Firewall Behavior After Installation", SIP and RTP on SBC).
"""

import os
import re
import signal
import time
from typing import Any

import pytest

from ringfence.lab import sip
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone, Transport, dialog_of_caller, end_call, establish
from tests.system.features.steps import branch_of

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]
FORGED = "203.0.113.99"


@pytest.mark.parametrize(
    "transport", [Transport.UDP, Transport.TCP, Transport.TLS, Transport.WSS], ids=lambda one: str(one)
)
def test_a_phone_outside_calls_and_is_called(outside: Any, phone: Any, pbx: Any, transport: Transport) -> None:
    """RFC 3327 and 5626: its binding has a path, and the core knows its own address and transport."""
    remote, inside = outside("601", transport), phone("602")
    found = registration(pbx, "601", remote)
    assert found["transport"] == transport.lower()
    assert ";lr;ob;speaks=" in found["contacts"][0]["path"]
    for caller, callee in ((remote, inside), (inside, remote)):
        dialog, _ = establish(caller, callee)
        assert end_call(caller, callee, dialog).status == 200


def test_two_phones_outside_call_each_other_and_see_the_sbc_alone(outside: Any) -> None:
    """Topology hiding: neither Via, Contact, Record-Route nor SDP tells where the other one is."""
    caller, callee = outside("601"), outside("603")
    uri, headers = caller.begin_call("603")
    invite = callee.request("INVITE")
    theirs = callee.answer_call(invite)
    ours = caller.call_answered(uri, headers)
    callee.request("ACK")
    shown = (
        "\n".join(value for name, value in invite.headers if name in ("via", "contact", "record-route", "path"))
        + invite.body.decode()
    )
    assert caller.address not in shown
    assert "127.0.0.1" not in shown
    assert not invite.all("th") and not invite.all("x-ringfence-client")
    told = "\n".join((ours.target, *ours.routes, ours.body.decode()))
    assert callee.address not in told
    for body in (invite.body, ours.body):
        port = int(body.split(b"m=audio ")[1].split()[0])
        assert f"c=IN IP4 {PBX_ADDRESS}".encode() in body
        assert 25_000 <= port <= 34_999
    assert end_call(callee, caller, theirs).status == 200


def test_the_real_address_cannot_be_forged(outside: Any, stranger: Any, pbx: Any) -> None:
    """The header of the link means nothing from anybody else: neither at the core nor at the SBC."""
    for server in ((PBX_ADDRESS, 5060), (PBX_ADDRESS, 5066)):
        with Softphone(stranger(), server, pbx.account("604")) as liar:
            headers = [
                *liar.headers("REGISTER", liar.account.aor),
                ("X-Ringfence-Client", f"{FORGED}:5060/udp"),
                ("Path", f"<sip:flow@{FORGED};lr>"),
                ("Expires", "300"),
            ]
            answer = liar.authenticated("REGISTER", "sip:acme.example", headers)
            assert answer.status == 200
            found = registration(pbx, "604", liar)
            assert FORGED not in found["contacts"][0].get("path", "")
            assert liar.register(expires=0).status == 200


def test_what_the_sbc_says_of_its_clients_is_for_the_core_alone(outside: Any, phone: Any) -> None:
    """Attack case 6: nobody inside is shown our header, nor the marks of the ways through the SBC."""
    inside, remote = phone("602"), outside("601")
    _, headers = inside.begin_call("601")
    remote.answer_call(remote.request("INVITE"))
    answered = inside.final(branch_of(headers))
    assert not {"x-ringfence-client", "th"} & set(answered.header_names)
    assert "flow=" not in str(answered.all("record-route"))
    dialog = dialog_of_caller(answered)
    inside.send(inside.in_dialog(dialog, "ACK"))
    remote.request("ACK")
    assert end_call(inside, remote, dialog).status == 200


def registration(pbx: Any, number: str, device: Softphone) -> dict[str, Any]:
    """What the system knows of a registration that came from this very address and port."""

    def found() -> dict[str, Any] | None:
        for one in pbx.product.registrations():
            if (one["aor"], one["source"], one["port"]) == (f"{number}@acme.example", device.address, device.port):
                return dict(one)
        return None

    return within(5, found, f"{number} is registered from its own address")[0]


def test_nobody_speaks_on_the_link_without_its_certificate(with_sbc: Any, pbx: Any) -> None:
    """Mutual TLS: both ends refuse a client that shows none."""
    for port in (5068, 5069):
        script = (
            "import socket,ssl;c=ssl.create_default_context();c.check_hostname=False;c.verify_mode=ssl.CERT_NONE;"
            f"s=c.wrap_socket(socket.create_connection(('127.0.0.1',{port}),3));s.settimeout(3);"
            "s.sendall(b'OPTIONS sip:link@127.0.0.1 SIP/2.0\\r\\n\\r\\n');print(s.recv(100))"
        )
        done = pbx.product.host.run("python3", "-c", script, check=False)
        assert done.returncode != 0 and "CERTIFICATE_REQUIRED" in done.stderr.upper().replace(" ", "_"), done.stderr


def test_who_guesses_through_the_sbc_is_cut_off_and_nobody_else(outside: Any, stranger: Any, pbx: Any) -> None:
    """Reference: "Failed Authentication Protection", by the address that the attacker really has."""
    healthy = outside("601")
    pbx.set_security(failed_authentication_limit=5)
    try:
        account = sip.Account("605", "acme.example", "wrong")
        pbx.account("605")
        with Softphone(stranger(), (PBX_ADDRESS, 5066), account) as attacker:
            for _ in range(6):
                attacker.silent("REGISTER", "sip:acme.example", attacker.headers("REGISTER", account.aor))
                if guess(attacker) is None:
                    break
            within(5, lambda: pbx.product.in_kernel_set(attacker.address), "the attacker is dropped in the kernel")
            assert attacker.silent("OPTIONS", "sip:acme.example", attacker.headers("OPTIONS", account.aor)) is None
        assert PBX_ADDRESS not in pbx.product.kernel_bans()
        assert healthy.register().status == 200
    finally:
        pbx.set_security(failed_authentication_limit=50)


def guess(attacker: Softphone) -> sip.Message | None:
    """One wrong answer to a challenge; None when there is silence already."""
    headers = attacker.headers("REGISTER", attacker.account.aor)
    challenged = attacker.silent("REGISTER", "sip:acme.example", headers)
    if challenged is None or challenged.status != 401:
        return None
    again = attacker.answered(challenged, "REGISTER", "sip:acme.example", headers)
    return attacker.silent("REGISTER", "sip:acme.example", again)


@pytest.mark.parametrize("part", ["sbc", "core"])
def test_phones_outside_are_reached_after_a_kill(outside: Any, phone: Any, pbx: Any, part: str) -> None:
    """kill -9 of either end: the flow is signed, not remembered, and the link is opened again by the SBC."""
    remote, inside = outside("601"), phone("602")
    before = pbx.product.process_ids()[part]
    os.kill(before, signal.SIGKILL)
    within(20, lambda: pbx.product.process_ids()[part] != before and pbx.product.is_ready(part), f"{part} is back")
    time.sleep(1.2)
    dialog, _ = establish(inside, remote)
    assert end_call(inside, remote, dialog).status == 200


def test_the_core_gives_up_the_port_that_the_sbc_serves(with_sbc: Any, pbx: Any) -> None:
    """Reference's port table: 5065 WSS, 5066 UDP and 5067 TCP are the SBC's."""
    owner = os.stat(f"/proc/{pbx.product.process_ids()['sbc']}").st_uid
    listening = pbx.product.host.run("ss", "-Hltunp").stdout
    for port in ("5065", "5066", "5067"):
        held = [line for line in listening.splitlines() if f":{port} " in line]
        pids = {pid for line in held for pid in re.findall(r"pid=(\d+)", line)}
        assert pids and {os.stat(f"/proc/{pid}").st_uid for pid in pids} == {owner}, held
