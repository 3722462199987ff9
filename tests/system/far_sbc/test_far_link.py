"""The SBC on a host of its own: enrolled by invitation, proved by its certificate, never more than a proxy (issue 6;
reference: "Default Firewall Behavior After Installation", SIP and RTP on SBC).
"""

import os
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from ringfence.engines.edge.linkauthority import Authority, new_key, pem_of_key
from ringfence.lab import tone
from ringfence.lab.attackers import crack_password
from ringfence.lab.browser import Browser
from ringfence.lab.certified import Certified, register_with, shown
from ringfence.lab.hanging import hang
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.phones import Baresip
from ringfence.lab.product import Product, within
from ringfence.lab.softphone import NoAnswer, Softphone, Transport, end_call, establish
from ringfence.lab.webphone import WebPhone
from tests.system.provisioning.test_provisioning import lines, registered
from tests.system.sbc.test_blocked_at_the_sbc import long_names, say
from tests.system.transports.test_handshakes import assert_modern_tls_alone
from tests.unit.engines.authority import authority, issue

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("far", "oracle")]
FORGED = "203.0.113.99"
CHOSEN = "my-Own-Choice7"
ASK = (
    "import socket,ssl,sys;c=ssl.create_default_context();c.check_hostname=False;c.verify_mode=ssl.CERT_NONE;"
    "len(sys.argv)>3 and c.load_cert_chain(sys.argv[3]);"
    "s=c.wrap_socket(socket.create_connection((sys.argv[1],int(sys.argv[2])),3));s.settimeout(3);"
    "s.sendall(b'OPTIONS sip:link@127.0.0.1 SIP/2.0\\r\\n\\r\\n');print(s.recv(100))"
)


def registration(far: Any, number: str, device: Softphone) -> dict[str, Any]:
    """What the core knows of a registration that came from this very address and port."""

    def found() -> dict[str, Any] | None:
        for one in far.pbx.product.registrations():
            if (one["aor"], one["source"], one["port"]) == (f"{number}@acme.example", device.address, device.port):
                return dict(one)
        return None

    return within(10, found, f"{number} is registered from its own address")[0]


def test_the_far_sbc_keeps_silent_to_the_last_name_of_a_long_list(far: Any, stranger: Any) -> None:
    """Reference: "User-Agent Blacklist". What one message of the link cannot hold comes in several."""
    names, entries = long_names(200), []
    with Softphone(stranger(), far.servers[Transport.UDP], far.pbx.account("980")) as one:

        def answered(agent: str) -> bool:
            say(one, "OPTIONS", agent, CSeq="1 NOSUCH")
            return one.receive(0.5) is not None

        try:
            entries += [far.pbx.rest.post("blocked-user-agents", pattern=name, match="exact") for name in names]
            within(5, lambda: not answered(names[-1]), "the far SBC knows the last name")
            assert answered("Yealink SIP-T46U 108.86.0.45")
        finally:
            for entry in entries:
                far.pbx.rest.delete(f"blocked-user-agents/{entry['id']}")


@pytest.mark.parametrize("transport", [Transport.UDP, Transport.TLS], ids=lambda one: str(one))
def test_a_phone_at_the_far_sbc_calls_and_is_called(far: Any, outside: Any, phone: Any, transport: Transport) -> None:
    """RFC 3327 and 5626: the core knows the phone's own address, and reaches it over the link."""
    remote, inside = outside("391", transport), phone("392")
    assert registration(far, "391", remote)["transport"] == transport.lower()
    for caller, callee in ((remote, inside), (inside, remote)):
        dialog, _ = establish(caller, callee)
        assert end_call(caller, callee, dialog).status == 200


def test_the_core_itself_ends_a_call_through_the_link(far: Any, outside: Any, phone: Any) -> None:
    """The BYE of an administrator reaches both sides, the one outside over the link (ADR 55)."""
    remote, inside = outside("391"), phone("392")
    establish(inside, remote)
    call = within(5, lambda: far.pbx.product.answered_calls(), "the call is listed")[0][0]
    far.pbx.rest.delete(f"calls/{call['id']}")
    for side in (remote, inside):
        side.respond(side.request("BYE", 10), 200, "OK")


class Outside(Baresip):
    """A baresip that knows the far SBC alone."""

    server = ""

    def _write_files(self, *args: Any, **named: Any) -> None:
        super()._write_files(*args, **named)
        accounts = self.home / "accounts"
        accounts.write_text(accounts.read_text().replace(f"{PBX_ADDRESS}:5060", f"{self.server}:5066"))


def test_both_hear_each_other_through_both_relays(far: Any, stranger: Any, tmp_path: Path) -> None:
    """Reference: RTP 25000-34999 on SBC, 45000-64999 on PBX; a tone measured at both ends, from host to host."""
    Outside.server = far.host.address
    with (
        Outside(stranger(), tmp_path / "a", far.pbx.account("393"), Transport.UDP, 400) as remote,
        Baresip(stranger(), tmp_path / "b", far.pbx.account("394"), Transport.UDP, 700) as inside,
    ):
        remote.wait_registered(15)
        inside.wait_registered(15)
        remote.dial("394")
        remote.wait_for("CALL_ESTABLISHED", timeout=15)
        time.sleep(3)
        remote.hang_up()
        inside.wait_for("CALL_CLOSED", timeout=15)
    for one, frequency in ((remote, 700), (inside, 400)):
        heard = tone.listen(one.recording, frequency)
        assert heard.seconds >= 2.0, heard
    sbc, pbx = remote.media_peer.rpartition(":"), inside.media_peer.rpartition(":")
    assert sbc[0] == far.host.address and 25_000 <= int(sbc[2]) <= 34_999
    assert pbx[0] == PBX_ADDRESS and 45_000 <= int(pbx[2]) <= 64_999


def test_the_real_address_cannot_be_forged(far: Any, stranger: Any) -> None:
    """The header of the link means nothing from anybody else: neither at the core nor at the far SBC."""
    for server in ((PBX_ADDRESS, 5060), far.servers[Transport.UDP]):
        with Softphone(stranger(), server, far.pbx.account("395")) as liar:
            headers = [
                *liar.headers("REGISTER", liar.account.aor),
                ("X-Ringfence-Client", f"{FORGED}:5060/udp"),
                ("Path", f"<sip:flow@{FORGED};lr>"),
                ("Expires", "300"),
            ]
            assert liar.authenticated("REGISTER", "sip:acme.example", headers).status == 200
            assert FORGED not in registration(far, "395", liar)["contacts"][0].get("path", "")
            assert liar.register(expires=0).status == 200


def test_nobody_but_the_enrolled_certificate_speaks_on_the_link(far: Any, stranger: Any, tmp_path: Path) -> None:
    """Mutual TLS, even from the SBC's own address: no certificate, one of another authority, and no TLS at all.

    Who shows the wrong one is hung up on: in TLS 1.3 that comes after the client's part of the handshake.
    """
    now, key = datetime.now(UTC), new_key()
    pair = tmp_path / "forged.pem"
    pair.write_bytes(pem_of_key(key) + Authority.made(now).signed("sbc", key.public_key(), now))
    for port in ("5068", "5072", "5073"):
        for brought in ((), (str(pair),)):
            done = far.host.run("python3", "-c", ASK, PBX_ADDRESS, port, *brought, check=False)
            assert done.stdout.strip() in ("", "b''") and "timed out" not in done.stderr, done
        elsewhere = stranger().run("python3", "-c", ASK, PBX_ADDRESS, port, str(pair), check=False)
        assert "timed out" in elsewhere.stderr, elsewhere.stderr
    with far.host.udp() as plain:
        plain.settimeout(1)
        plain.sendto(b"OPTIONS sip:link@127.0.0.1 SIP/2.0\r\n\r\n", (PBX_ADDRESS, 5068))
        with pytest.raises(TimeoutError):
            plain.recv(100)


def test_who_guesses_is_cut_off_at_the_sbcs_host(far: Any, outside: Any, stranger: Any, tmp_path: Path) -> None:
    """Reference: "Failed Authentication Protection": svcrack dies in the kernel of the SBC's host, by its own address;
    the core says why, and what is lifted there is free here."""
    healthy, attacker = outside("391"), stranger()
    far.pbx.account("396")
    words = [f"wrong{index}" for index in range(60)]
    far.pbx.set_security(failed_authentication_limit=5)
    try:
        crack_password(attacker, tmp_path, "396", words, 6, at=far.servers[Transport.UDP])
        within(10, lambda: attacker.address in far.edge.kernel_bans(), "dropped at the SBC's host")
        ban = within(5, lambda: far.pbx.product.ban_of(attacker.address), "shown at the core")[0]
        assert ban["rule"] == "antihacking.failed_authentication", ban
        assert not {far.host.address, PBX_ADDRESS} & (far.edge.kernel_bans() | far.pbx.product.kernel_bans())
        assert healthy.register().status == 200
    finally:
        far.pbx.set_security(failed_authentication_limit=50)
    assert far.pbx.product.command("ban", "remove", attacker.address).returncode == 0
    within(10, lambda: attacker.address not in far.edge.kernel_bans(), "free at the SBC's host as well")


def test_who_is_kept_out_at_the_core_is_refused_over_the_link_too(far: Any, outside: Any) -> None:
    """Attack case 12 behind an SBC: bans do not wait for its host to hear of them. A block entry and a ban silence a
    phone that only the core keeps out."""
    device = outside("397")
    entry = far.pbx.rest.post("ip-filters", cidr=f"{device.address}/32", target="block", description="far")

    def silent() -> bool:
        return device.silent("OPTIONS", "sip:acme.example", device.headers("OPTIONS", device.account.aor)) is None

    try:
        within(10, silent, "the core is silent")
        assert device.address not in far.edge.kernel_bans()
    finally:
        far.pbx.rest.delete(f"ip-filters/{entry['id']}")
    within(10, lambda: not silent(), "it is answered again")


def test_the_sbcs_host_may_add_bans_and_not_lift_the_cores(far: Any) -> None:
    """A taken SBC's host cannot let anybody in at the core, nor keep out who is never blocked."""
    own, cores = "198.51.100.7", "198.51.100.8"
    assert far.edge.command("ban", "add", own).returncode == 0
    within(10, lambda: far.pbx.product.ban_of(own), "the core took it")
    assert far.pbx.product.command("ban", "add", cores).returncode == 0
    within(10, lambda: cores in far.edge.kernel_bans(), "the SBC's host took it")
    for address in (own, cores):
        assert far.edge.command("ban", "remove", address).returncode == 0
    within(10, lambda: far.pbx.product.ban_of(own) is None, "lifted where it was made")
    assert far.pbx.product.ban_of(cores) is not None
    assert far.pbx.product.command("ban", "remove", cores).returncode == 0


@pytest.mark.parametrize("at_core", [False, True], ids=["the SBC's host", "the core's host"])
def test_phones_are_reached_after_a_kill(far: Any, outside: Any, phone: Any, at_core: bool) -> None:
    """kill -9 of every part of the SBC's host at once, then of what the core's has for it: all of it heals."""
    remote, inside = outside("391"), phone("392")
    parts = ("core", "bansout", "frontout") if at_core else ("sbc", "sbcmedia", "guard", "bansin", "web", "frontin")
    product: Product = far.pbx.product if at_core else far.edge
    before = product.process_ids()
    for part in parts:
        os.kill(before[part], signal.SIGKILL)
    within(40, lambda: not any(product.process_ids()[part] == before[part] for part in parts), "all were started anew")
    within(40, lambda: all(product.is_ready(part) for part in parts), "all are ready")
    within(30, lambda: _reached(inside, remote), "the phone is called")


def _reached(caller: Softphone, callee: Softphone) -> bool:
    try:
        dialog, _ = establish(caller, callee)
    except (NoAnswer, AssertionError):
        return False
    return end_call(caller, callee, dialog).status == 200


def test_a_relay_that_hangs_on_the_sbcs_host_is_started_anew(far: Any, outside: Any, phone: Any) -> None:
    """Fault: its relay is there and answers nothing. The supervisor of that host ends it, and calls pass again."""
    remote, inside = outside("925"), phone("926")
    before = far.edge.process_ids()["sbcmedia"]
    hang(before)
    within(15, lambda: far.edge.process_ids()["sbcmedia"] != before, "the relay is another one")
    within(10, lambda: _reached(remote, inside), "calls pass again")


def test_without_the_link_phones_are_told_at_once(far: Any, outside: Any, lab: Any) -> None:
    """Fault: the network between the hosts is gone. 503 instead of silence, and it heals by itself."""
    remote = outside("391")
    far.host.run("nft", "add", "table", "inet", "gone")
    far.host.run("nft", "add", "chain", "inet", "gone", "out", "{ type filter hook output priority 0; }")
    far.host.run("nft", "add", "rule", "inet", "gone", "out", "ip", "daddr", PBX_ADDRESS, "drop")
    try:
        within(20, lambda: _status(remote) == 503, "503")
        begun = time.monotonic()
        assert _status(remote) == 503 and time.monotonic() - begun < 3
    finally:
        far.host.run("nft", "delete", "table", "inet", "gone")
    within(40, lambda: _status(remote) == 200, "registered again")


def _status(device: Softphone) -> int:
    headers = device.headers("REGISTER", device.account.aor)
    found = device.silent("REGISTER", "sip:acme.example", headers)
    return device.register().status if found is not None and found.status == 401 else found.status if found else 0


def test_page_and_rest_say_where_the_sbc_is(far: Any) -> None:
    """Issue 6: the administrator sees the other host, its certificate, and that its link is up."""
    found = far.pbx.rest.get("sbc")
    assert (found["far"], found["link"]) == (far.host.address, PBX_ADDRESS)
    assert len(found["certificate"]) == 64
    within(10, lambda: far.pbx.rest.get("sbc")["link_up"], "the link is up")
    within(10, lambda: far.pbx.rest.get("sbc")["certificates_told"], "certificates are carried")
    assert found["pages"] == [f"https://{far.host.address}:10443/", f"https://{far.host.address}:8883/"]
    links = {one["first"] for one in far.pbx.rest.get("firewall-plan")["openings"] if one["key"].startswith("sbc-link")}
    assert links == {5068, 5072, 5073, 5074}


def test_pages_open_at_the_sbcs_host_and_those_of_administrators_do_not(far: Any, stranger: Any) -> None:
    """Issue 6: the core never faces the Internet. Browser phone (10443) and SBC portal (8883); each door opens what it
    opens beside the core, and nothing else."""
    person = stranger()
    phone, portal = (Browser(person, server=(far.host.address, port)) for port in (10443, 8883))
    within(20, lambda: phone.get("/sign-in")[0] == 200, "the page is passed on")
    assert [phone.get("/")[:2], portal.get("/")[:2]] == [(302, "/phone"), (302, "/sbc")]
    assert phone.get("/static/portal.css")[0] == portal.get("/sign-in")[0] == 200
    for path in ("/users", "/api/v1/openapi.json", "/security/web-login", "/setup", "/provisioning/x"):
        assert [phone.get(path)[0], portal.get(path)[0]] == [404, 404], path
    account = far.pbx.account("398")
    given = far.pbx.rest.post(f"users/{far.pbx.users['398']['id']}/first-password")["password"]
    assert phone.post("/sign-in", username=f"398@{account.domain}", password=given)[0] == 302
    assert phone.post("/change-password", current=given, password=CHOSEN, again=CHOSEN)[0] == 302
    assert f"wss://{far.host.address}:5065" in phone.get("/phone")[2]
    page = f"https://{far.host.address}:10443"
    with WebPhone(person, (far.host.address, 5065), account, page, "sip") as browser:
        assert browser.register().status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize("port", [5065, 8883, 10443])
def test_each_tls_port_of_the_sbcs_host_speaks_modern_tls_alone(far: Any, stranger: Any, port: int) -> None:
    """Attack case 84 where the Internet is: Mozilla's intermediate, as at the core."""
    assert_modern_tls_alone(stranger(), port, far.host.address)


def test_who_guesses_at_a_page_is_known_by_the_own_address(far: Any, stranger: Any) -> None:
    """Reference: "Login Security Controls", through the SBC's host. What a browser claims about itself is nothing."""
    attacker, neighbour = stranger(), stranger()
    guess = Browser(attacker, server=(far.host.address, 10443))
    far.pbx.set_security(web_failed_login_limit=3)
    try:
        for _ in range(5):
            guess.post("/sign-in", username="nobody@acme.example", password="wrong-Password1")
        bans = within(
            10, lambda: [one for one in far.pbx.rest.get("bans")["items"] if one["scope"] == "web"], "banned"
        )[0]
        assert attacker.address in {one["address"] for one in bans}
        assert not {FORGED, "203.0.113.9", far.host.address} & {one["address"] for one in bans}
        assert "203.0.113.9" not in guess.get("/sign-in")[2]
        assert Browser(neighbour, server=(far.host.address, 10443)).get("/sign-in")[0] == 200
    finally:
        far.pbx.set_security(web_failed_login_limit=5)
        far.pbx.product.command("ban", "remove", attacker.address, "--scope", "web")


def test_nobody_else_comes_to_the_pages_over_the_link(far: Any, stranger: Any, tmp_path: Path) -> None:
    """Without the certificate of the link not one page is answered, even from the SBC's own address."""
    url = f"https://{PBX_ADDRESS}:5074/sign-in"
    asking = ("curl", "-sk", "-o", "/dev/null", "-m", "4", "-w", "%{http_code}", "-H", "X-Ringfence-Door: phone", url)
    assert far.host.run(*asking, check=False).stdout == "400"
    assert stranger().run(*asking, check=False).stdout == "000", "the kernel drops it"


def test_phones_fetch_their_files_through_the_far_sbc_by_explicit_choice_only(far: Any, stranger: Any) -> None:
    """Reference: 8882, "IP Phone provisioning via SBC over HTTP"; what the file says leads to the SBC."""
    host = stranger()
    far.pbx.account("399")
    wish = {"vendor": "yealink", "mac": "001565aabb99", "transport": "udp", "srtp": "off"}
    phone = far.pbx.rest.post("phones", tenant_id=far.pbx.tenant["id"], extension="399", **wish)

    def answer(path: str) -> str:
        asking = ("curl", "-s", "-o", "/dev/null", "-m", "4", "-w", "%{http_code}")
        return str(host.run(*asking, f"http://{far.host.address}:8882{path}", check=False).stdout)

    assert answer("/provisioning/x") == "000"
    far.pbx.rest.patch("settings/web-access", sbc_provisioning_http=True)
    try:
        within(15, lambda: answer("/provisioning/x") == "404", "it is open")
        assert answer("/sign-in") == "404"
        file = f"http://{far.host.address}:8882{urlsplit(phone['file']).path}"
        with registered(host, lines(host.run("curl", "-s", "-m", "10", file).stdout)) as device:
            assert device.server == far.servers[Transport.UDP]
    finally:
        far.pbx.rest.patch("settings/web-access", sbc_provisioning_http=False)
    within(15, lambda: answer("/provisioning/x") == "000", "it is closed again")


def test_certificates_of_domains_and_of_phones_are_carried_to_the_far_sbc(
    far: Any, stranger: Any, tmp_path: Path
) -> None:
    """RFC 6066 and client certificates on another host: what the core has in force is shown there, a connection from
    before lives on, and nothing of it can be read by others."""
    host, server, issuing = stranger(), (far.host.address, 5065), authority()[1]
    made = issue("acme.example", issuing, names=["acme.example"])
    with Certified(stranger(), server, far.pbx.account("391")) as connected:
        assert connected.register().status == 200
        far.pbx.rest.call("PUT", "certificates/sip/acme.example", {"chain": made.pem, "key": made.key_pem})
        within(15, lambda: shown(host, server, "acme.example") == made.certificate, "shown there")
        assert shown(host, server, "") != made.certificate
        assert connected.register(expires=0).status == 200
    assert all(key.stat().st_mode & 0o007 == 0 for key in far.edge.paths.sbc_front.rglob("*.key"))
    own = far.pbx.rest.post("phone-certificates", tenant_id=far.pbx.tenant["id"], extension="391")
    pair = tmp_path / "391"
    pair.write_text(own["certificate"] + own["key"])
    try:
        far.pbx.rest.patch("sbc", clients="required")
        within(30, lambda: register_with(host, server, far.pbx.account("391")) == 0, "nobody comes without one")
        within(20, lambda: register_with(host, server, far.pbx.account("391"), pair) == 200, "its own is taken")
        assert register_with(host, server, far.pbx.account("392"), pair) == 403
    finally:
        far.pbx.rest.patch("sbc", clients="none")
        far.pbx.rest.delete("certificates/sip/acme.example")
    within(30, lambda: register_with(host, server, far.pbx.account("391")) == 200, "nobody is asked any more")


def test_a_revoked_sbc_is_believed_no_more(far: Any, outside: Any) -> None:
    """Comes last: nothing is listening for it, and its phones are told."""
    remote = outside("391")
    done = far.pbx.product.command("sbc", "revoke", timeout=90)
    assert done.returncode == 0, done.stderr
    listening = far.pbx.product.host.run("ss", "-Hltn").stdout
    assert not [port for port in (5068, 5072, 5073, 5074) if f":{port} " in listening]
    within(20, lambda: _status(remote) == 503, "503")
