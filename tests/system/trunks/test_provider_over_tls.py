"""A provider over TLS proves who it is, and calls are encrypted (reference: "Trunk Security", "Transport Security")."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ringfence.lab import tone
from ringfence.lab.phones import Baresip, Keys
from ringfence.lab.product import within
from ringfence.lab.provider import Contract, Provider, registration_of
from ringfence.lab.switch import Switch
from tests.system.features.steps import refused_call

pytestmark = pytest.mark.usefixtures("oracle")

NUMBER = "+498912345678"
DOMAIN = "secure.example"

type Sign = Callable[[str], tuple[Path, Path]]


@pytest.fixture
def secure(lab: Any, sign: Sign, tmp_path: Path) -> Iterator[Provider]:
    """It shows a certificate that was made for somebody else."""
    contract = Contract(pair=sign("other.example"), username="secure-customer", domain=DOMAIN, realm=DOMAIN)
    with Provider(lab.host("secure", 94), tmp_path / "secure", contract) as one:
        yield one


@pytest.fixture
def secured(pbx: Any, secure: Provider, outward: Any) -> Iterator[dict[str, Any]]:
    """The trunk to it, by its address; every call outside goes there."""
    wish = {**secure.registration("Secure"), "hosts": [{"host": secure.host.address, "port": 5061}]}
    made = pbx.rest.post("trunks", **{**wish, "transport": "tls", "encryption": "required"})
    (rule,) = pbx.rest.get("outbound-rules")["items"]
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=[{"trunk_id": made["id"]}])
    yield made
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=rule["routes"])
    pbx.rest.delete(f"trunks/{made['id']}")


@pytest.fixture
def trust(pbx: Any, authority: Path) -> Iterator[Callable[[], None]]:
    """Trusts the lab's authority instead of the host's."""
    own = pbx.product.paths.authorities

    def do() -> None:
        own.unlink()
        own.write_bytes(authority.read_bytes())
        pbx.product.kamcmd("tls.reload")

    yield do
    own.unlink()
    own.symlink_to("/etc/ssl/certs/ca-certificates.crt")
    pbx.product.kamcmd("tls.reload")


@pytest.mark.restarts  # other authorities: the engine reads all certificates anew and keeps the memory for them
def test_a_provider_over_tls_has_to_prove_who_it_is(
    pbx: Any, lab: Any, phone: Any, secure: Provider, secured: dict[str, Any], trust: Any, sign: Sign, tmp_path: Path
) -> None:
    """An unknown authority gets nothing, a certificate of another name no password and no call; its page says why.

    Who has the right one is registered at, calls with required SRTP have audio both ways, and a call that is refused
    there goes on over TCP.
    """
    within(30, lambda: registration_of(pbx.rest, secured["id"]) == "unanswered", "nobody is registered at")
    assert secure.requests("REGISTER") == []
    untrusted = within(30, lambda: str(_peer(pbx, secured)["detail"]), "the trunk says that there is no connection")[0]
    assert untrusted.endswith("or is of no authority that is trusted here")
    trust()
    wrong = f"the certificate is for other.example, not for {secure.host.address} or {DOMAIN}"
    within(40, lambda: _peer(pbx, secured)["detail"] == wrong, "the trunk says whose certificate it was")
    assert _peer(pbx, secured)["state"] == "down"
    assert refused_call(phone("120"), NUMBER) == 480
    assert secure.requests("INVITE") == []
    assert not any("uthorization:" in message for message in secure.messages())

    secure.stop()
    secure.contract = Contract(pair=sign(DOMAIN), username="secure-customer", domain=DOMAIN, realm=DOMAIN)
    secure.start()
    within(40, lambda: registration_of(pbx.rest, secured["id"]) == "registered", "the trunk is registered")
    within(30, lambda: _peer(pbx, secured)["state"] == "up", "OPTIONS is answered")
    _call_with_keys(pbx, lab, secure, tmp_path)
    _goes_on_over_tcp(pbx, phone, secure, secured)


def _call_with_keys(pbx: Any, lab: Any, secure: Provider, home: Path) -> None:
    with (
        Switch(secure, home / "switch", Keys.REQUIRED) as switch,
        Baresip(lab.host("alice", 11), home / "a", pbx.account("120"), frequency=400) as phone,
    ):
        switch.wait_registered(10)
        phone.wait_registered(10)
        phone.dial(NUMBER)
        phone.wait_for("CALL_RTPESTAB", timeout=15)
        time.sleep(3)
        phone.hang_up()
        phone.wait_for("CALL_CLOSED")
        within(10, lambda: secure.requests("BYE"), "the provider hears of the end")
        switch.wait_for("CALL_CLOSED", timeout=8)
    assert tone.listen(phone.recording, 700).is_whole
    assert tone.listen(switch.recording, 400).is_whole
    assert [(call.number, call.transport) for call in secure.calls()] == [(NUMBER, "tls")]
    invite = next(message for message in secure.messages() if message.startswith("INVITE"))
    assert "RTP/SAVP" in invite
    assert "RTP/AVP" not in invite
    record = within(10, lambda: _record(pbx), "the call is in the records")[0]
    assert (record["caller_rtp"], record["called_rtp"].split()[0]) == ("RTP", "SRTP")


def _goes_on_over_tcp(pbx: Any, phone: Any, secure: Provider, secured: dict[str, Any]) -> None:
    """What binds a call to the connection over TLS does not hold the next attempt."""
    address = secure.host.address
    wish = {"name": "Second way", "kind": "address", "transport": "tcp", "domain": "second.example", "keepalive": 0}
    places = {"hosts": [{"host": address, "port": 5060}], "sources": [{"cidr": address, "port": 0}]}
    second = pbx.rest.post("trunks", **wish, **places, default_number="+493012300")
    (rule,) = pbx.rest.get("outbound-rules")["items"]
    routes = [{"trunk_id": made["id"]} for made in (secured, second)]
    pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=routes)
    secure.forget()
    secure.refuse("INVITE", 503)
    try:
        assert refused_call(phone("120"), NUMBER) == 403, "the second trunk is challenged and has no password"
        assert {source.partition(":")[0] for source in secure.requests("INVITE")} == {"tls", "tcp"}
    finally:
        secure.refuse("INVITE", None)
        pbx.rest.patch(f"outbound-rules/{rule['id']}", routes=routes[:1])
        pbx.rest.delete(f"trunks/{second['id']}")


def _record(pbx: Any) -> dict[str, Any] | None:
    rows = pbx.product.call_records()
    return next((one for one in rows if one["dialled"] == NUMBER and one["code"] == 200 and one["called_rtp"]), None)


def _peer(pbx: Any, secured: dict[str, Any]) -> dict[str, Any]:
    (peer,) = pbx.rest.get(f"trunks/{secured['id']}")["peers"]
    return dict(peer)


# --- certificates


@pytest.fixture
def keys() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def authority(keys: ec.EllipticCurvePrivateKey, tmp_path: Path) -> Path:
    """The certificate of an authority with this key."""
    made = _certificate("Lab authority", keys, keys, [])
    path = tmp_path / "authority.pem"
    path.write_bytes(made)
    return path


@pytest.fixture
def sign(keys: ec.EllipticCurvePrivateKey, authority: Path, tmp_path: Path) -> Sign:
    """Makes a server's certificate and key that the authority signed for one name."""

    def make(name: str) -> tuple[Path, Path]:
        own = ec.generate_private_key(ec.SECP256R1())
        files = (tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        files[0].write_bytes(_certificate(name, own, keys, [x509.DNSName(name)]))
        plain = serialization.NoEncryption()
        files[1].write_bytes(own.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
        return files

    return make


def _certificate(
    name: str, own: ec.EllipticCurvePrivateKey, signer: ec.EllipticCurvePrivateKey, names: list[x509.GeneralName]
) -> bytes:
    subject, issuer = (x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, "Lab authority"))
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(own.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=own is signer, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
