"""Certificates of tenants' domains and of phones through the SBC (issue 6: SNI by tenant, client certificates where
wanted; docs/adr/0064)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab.certified import Certified, register_with, shown
from ringfence.lab.network import PBX_ADDRESS, Host
from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone
from tests.unit.engines.authority import authority, issue

pytestmark = [pytest.mark.system, pytest.mark.restarts, pytest.mark.usefixtures("with_sbc", "oracle")]
DOMAIN = "outside.example"
SBC_TLS = (PBX_ADDRESS, 5065)
HEADER = "X-Ringfence-Certificate"


def test_a_domain_is_shown_its_certificate_and_connections_stay(pbx: Any, stranger: Callable[[], Host]) -> None:
    """RFC 6066: whoever asks for an unknown name, or none, is shown the system's own."""
    tenant, host = pbx.product.create_tenant("Outside", DOMAIN), stranger()
    usual, issuing = shown(host, SBC_TLS, ""), authority()[1]
    with Certified(stranger(), SBC_TLS, pbx.account("615")) as connected:
        assert connected.register().status == 200
        made = issue(DOMAIN, issuing, names=[DOMAIN])
        pbx.rest.call("PUT", f"certificates/sip/{DOMAIN}", {"chain": made.pem, "key": made.key_pem})
        assert shown(host, SBC_TLS, DOMAIN) == made.certificate
        assert shown(host, SBC_TLS, "stranger.example") == shown(host, SBC_TLS, "") == usual
        assert connected.register(expires=0).status == 200
    keys = list(pbx.product.paths.sbc_front.rglob("*.key"))
    assert keys and all(key.stat().st_mode & 0o007 == 0 for key in keys)
    pbx.rest.delete(f"certificates/sip/{DOMAIN}")
    within(5, lambda: shown(host, SBC_TLS, DOMAIN) == usual, "the domain is served with the system's certificate")
    pbx.rest.delete(f"tenants/{tenant['id']}")


def test_the_certificate_of_a_phone_outside_reaches_the_core_and_no_other_does(
    pbx: Any, stranger: Callable[[], Host], tmp_path: Path
) -> None:
    """A right password is not enough, under whatever name the phone asks; a header that claims a certificate is
    nothing."""
    rows = {number: made(pbx, number, tmp_path) for number in ("616", "617")}
    forged = issue("616@acme.example", authority()[1])
    (tmp_path / "forged").write_text(forged.pem + forged.key_pem)
    host, account = stranger(), pbx.account("616")

    def status(pair: str, name: str = "") -> int:
        return register_with(host, SBC_TLS, account, tmp_path / pair if pair else None, name)

    try:
        pbx.rest.patch("sbc", clients="required")
        within(20, lambda: status("616") == 200, "its own certificate is taken")
        assert status("617") == 403
        assert [status(""), status("forged"), status("", "acme.example"), status("", "stranger.example")] == [0] * 4
        pbx.rest.patch("sbc", clients="optional")
        within(20, lambda: status("") == 200, "where certificates are optional, none is needed")
        assert (status("617"), status("forged")) == (403, 0)
        with Certified(host, SBC_TLS, account, tmp_path / "617") as liar:
            assert claiming(liar, b"616@acme.example".hex()) == 403
        pbx.rest.delete(f"phone-certificates/{rows['616']}")
        within(10, lambda: status("616") == 0, "a revoked one is refused")
    finally:
        pbx.rest.patch("sbc", clients="none")
    within(20, lambda: status("617") == 200, "nobody is asked any more")
    with Softphone(host, (PBX_ADDRESS, 5060), account) as liar:
        assert claiming(liar, b"617@acme.example".hex()) == 200, "outside the link the header is never read"
        assert liar.register(expires=0).status == 200


def claiming(phone: Softphone, names: str) -> int:
    """What a registration is answered that brings the header of the link itself."""
    headers = [*phone.headers("REGISTER", phone.account.aor), (HEADER, names), ("Expires", "300")]
    return phone.authenticated("REGISTER", "sip:acme.example", headers).status


def made(pbx: Any, number: str, folder: Path) -> int:
    """A certificate of this extension in a file that is named as it."""
    pbx.account(number)
    found = pbx.rest.post("phone-certificates", tenant_id=pbx.tenant["id"], extension=number)
    (folder / number).write_text(found["certificate"] + found["key"])
    return int(found["id"])
