"""Phones that show a certificate of their own (issue 6: client certificates where wanted)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from ringfence.lab.certified import Certified, register_with
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.softphone import NoAnswer, Softphone
from tests.unit.engines.authority import NOW, authority, issue

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]
PORT = 5071


@pytest.fixture
def asking(pbx: Any, stranger: Callable[[], Host]) -> Iterator[str]:
    """A TLS transport where phones must show a certificate."""
    name = pbx.rest.post("transports", protocol="tls", port=PORT)["name"]
    try:
        pbx.rest.patch(f"transports/{name}", clients="required")
        yield name
    finally:
        pbx.rest.delete(f"transports/{name}")
        within(15, lambda: _answers(pbx, stranger()), "the core is back")


def _answers(pbx: Any, host: Host) -> bool:
    with Softphone(host, (PBX_ADDRESS, 5060), pbx.account("707")) as phone:
        try:
            return phone.options(timeout=1.0).status == 200
        except NoAnswer:
            return False


@pytest.mark.restarts
def test_where_certificates_are_required_a_phone_registers_with_its_own_and_with_no_other(
    pbx: Any, stranger: Callable[[], Host], asking: str, tmp_path: Path
) -> None:
    """A right password is not enough; nor is another phone's certificate, a stranger's, or one that was revoked."""
    rows = {number: made(pbx, number, tmp_path) for number in ("707", "708")}
    _, foreign = authority()
    forged = issue("707@acme.example", foreign)
    (tmp_path / "forged").write_text(forged.pem + forged.key_pem)
    host = stranger()

    def status(pair: str) -> int:
        return register_with(host, (PBX_ADDRESS, PORT), pbx.account("707"), tmp_path / pair if pair else None)

    within(10, lambda: status("707") == 200, "its own certificate is taken")
    assert status("708") == 403
    assert (status(""), status("forged")) == (0, 0)
    pbx.rest.patch(f"transports/{asking}", clients="optional")
    within(10, lambda: status("") == 200, "where certificates are optional, none is needed")
    assert (status("708"), status("forged")) == (403, 0)
    pbx.rest.delete(f"phone-certificates/{rows['707']}")
    within(5, lambda: status("707") == 0, "a revoked one is refused")
    assert status("") == 200
    with Certified(host, (PBX_ADDRESS, PORT), pbx.account("707")) as phone:
        assert phone.register(expires=0).status == 200


@pytest.mark.restarts
def test_of_an_authority_that_was_brought_only_what_is_valid_today_is_taken(
    pbx: Any, stranger: Callable[[], Host], asking: str, tmp_path: Path
) -> None:
    """Neither one that has ended, nor one for later, nor one made for servers; a name of somebody else is refused by
    the policy. Another authority, brought while the system runs, is believed at once and the one before no more.
    """
    first, second = (issue(name, ca=True) for name in ("First", "Second"))
    own, day = f"994@{pbx.tenant['domain']}", timedelta(days=1)
    phones = ExtendedKeyUsageOID.CLIENT_AUTH
    shown = {
        "valid": issue(own, first, usage=phones),
        "ended": issue(own, first, begins=NOW - 9 * day, ends=NOW - day, usage=phones),
        "later": issue(own, first, begins=NOW + day, usage=phones),
        "servers": issue(own, first),
        "other": issue("995@acme.example", first, usage=phones),
        "successor": issue(own, second, usage=phones),
    }
    for name, one in shown.items():
        (tmp_path / name).write_text(one.pem + one.key_pem)
    host = stranger()

    def status(pair: str) -> int:
        return register_with(host, (PBX_ADDRESS, PORT), pbx.account("994"), tmp_path / pair)

    try:
        pbx.rest.call("PUT", "certificates/phones", {"authorities": first.pem})
        within(10, lambda: status("valid") == 200, "the authority is believed")
        assert {name: status(name) for name in shown} == {
            "valid": 200, "ended": 0, "later": 0, "servers": 0, "other": 403, "successor": 0,
        }  # fmt: skip
        pbx.rest.call("PUT", "certificates/phones", {"authorities": second.pem})
        within(10, lambda: status("successor") == 200, "the other authority is believed")
        assert status("valid") == 0
    finally:
        pbx.rest.call("PUT", "certificates/phones", {"authorities": ""})


@pytest.mark.restarts
def test_whoever_watches_is_told_why_a_phone_does_not_come_in(
    pbx: Any, stranger: Callable[[], Host], asking: str, tmp_path: Path
) -> None:
    """Issue 6, "client certificates where wanted": it was written down nowhere. Afterwards nothing is, as before."""
    _, foreign = authority()
    forged = issue("740@acme.example", foreign)
    (tmp_path / "forged").write_text(forged.pem + forged.key_pem)
    host, account, log = stranger(), pbx.account("740"), pbx.product.paths.logs / "core.log"

    def tries() -> None:
        for pair in (None, tmp_path / "forged"):
            assert register_with(host, (PBX_ADDRESS, PORT), account, pair) == 0

    within(10, lambda: _answers(pbx, stranger()), "the core is back")
    before = log.stat().st_size
    tries()
    assert log.stat().st_size == before
    with ThreadPoolExecutor(1) as terminal:
        watching = terminal.submit(pbx.product.command, "transport", "watch", "--seconds", "5")
        within(5, lambda: "debug: -1" in pbx.product.kamcmd("corex.debug"), "somebody watches")
        tries()
        told = watching.result().stdout
    assert f"{host.address} at port {PORT}: it showed no certificate\n" in told
    assert f"{host.address} at port {PORT}: its certificate is not taken" in told
    assert "debug: -2" in pbx.product.kamcmd("corex.debug")


def made(pbx: Any, number: str, folder: Path) -> int:
    """A certificate of this extension in a file that is named as it."""
    pbx.account(number)
    found = pbx.rest.post("phone-certificates", tenant_id=pbx.tenant["id"], extension=number)
    (folder / number).write_text(found["certificate"] + found["key"])
    return int(found["id"])
