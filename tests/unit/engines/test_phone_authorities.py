"""Who signs certificates of phones, and what Kamailio demands where they are asked for (docs/adr/0042)."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from ringfence.engines.certificates.sipcertificates import SipCertificates
from ringfence.engines.certificates.sippairs import read_authorities
from ringfence.engines.changing.questions import Refusal
from ringfence.engines.kamailio import render_tls
from ringfence.hosts.paths import Paths
from ringfence.hosts.transports import ClientCertificates, Protocol, SipTransport, TransportRefused, checked
from tests.unit.engines.authority import NOW, Issued, authority, issue, server
from tests.unit.engines.systems import a_system


@pytest.fixture
def desk(tmp_path: Path) -> SipCertificates:
    paths = Paths(state=tmp_path / "state", run=tmp_path / "run")
    for folder in (paths.transports.parent, paths.core):
        folder.mkdir(parents=True)
    return SipCertificates(replace(a_system(), paths=paths), lambda _: True)


def revocations(signer: Issued) -> str:
    builder = x509.CertificateRevocationListBuilder().issuer_name(signer.certificate.subject)
    listed = builder.last_update(NOW).next_update(NOW + timedelta(days=9)).sign(signer.key, hashes.SHA256())
    return listed.public_bytes(serialization.Encoding.PEM).decode()


def section(clients: ClientCertificates, desk: SipCertificates) -> str:
    asking = SipTransport(Protocol.TLS, 5061, clients)
    system = replace(desk.system, transports=(SipTransport(Protocol.UDP, 5060), asking))
    return render_tls(system, (), read_authorities(desk.system.paths.sip_certificates))


def test_an_authority_with_its_list_is_trusted_and_the_former_files_go(desk: SipCertificates) -> None:
    root, issuing = authority()
    desk.trust({"authorities": root.pem, "revoked": ""})
    desk.trust({"authorities": issuing.pem, "revoked": revocations(issuing)})
    known = read_authorities(desk.system.paths.sip_certificates)
    assert known is not None and known.revoked is not None
    assert known.certificates.read_text() == issuing.pem
    assert sorted(path.suffix for path in desk.system.paths.sip_certificates.iterdir()) == [".crl", ".json", ".pem"]


@pytest.mark.parametrize(
    ("clients", "required"), [(ClientCertificates.OPTIONAL, "no"), (ClientCertificates.REQUIRED, "yes")]
)
def test_an_asking_transport_has_a_section_of_its_own(
    desk: SipCertificates, clients: ClientCertificates, required: str
) -> None:
    root, _ = authority()
    desk.trust({"authorities": root.pem, "revoked": revocations(root)})
    known = read_authorities(desk.system.paths.sip_certificates)
    assert known is not None
    asking = section(clients, desk).split(":5061]")[1].partition("[")[0]
    assert "verify_certificate = yes" in asking and f"require_certificate = {required}" in asking
    assert f"ca_list = {known.certificates}" in asking and f"crl = {known.revoked}" in asking
    assert "server_name" not in asking, "an unknown name would lead to a section that asks for nothing"


def test_without_a_known_authority_no_certificate_is_valid(desk: SipCertificates) -> None:
    asking = section(ClientCertificates.REQUIRED, desk).split(":5061]")[1].partition("[")[0]
    assert f"ca_list = {desk.system.paths.web_certificate}" in asking


def test_what_cannot_sign_is_refused(desk: SipCertificates) -> None:
    root, issuing = authority()
    for authorities, revoked, field in (
        ("nonsense", "", "authorities"),
        (server(issuing).pem, "", "authorities"),
        (issue("Old", ca=True, ends=NOW - timedelta(hours=1)).pem, "", "authorities"),
        (root.pem, "nonsense", "revoked"),
        (root.pem, revocations(issuing), "revoked"),
        (root.pem + issuing.pem, revocations(root), "revoked"),
        (root.pem * 9, "", "authorities"),
    ):
        with pytest.raises(Refusal) as refused:
            desk.trust({"authorities": authorities, "revoked": revoked})
        assert refused.value.field == field
    assert read_authorities(desk.system.paths.sip_certificates) is None


def test_only_tls_asks_for_certificates() -> None:
    for protocol in (Protocol.UDP, Protocol.TCP, Protocol.WSS):
        with pytest.raises(TransportRefused, match="over TLS alone"):
            checked([SipTransport(protocol, 5099, ClientCertificates.REQUIRED)])
