"""Whose certificate it is (reference: "Trunk Security"; RFC 5922 section 7.2, RFC 9525 section 6.3)."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ringfence.policy.trunking.servernames import ServerNames, objection_to_server, server_names
from ringfence.policy.trunking.trunks import Peer, Trunk, TrunkKind

KEY = ec.generate_private_key(ec.SECP256R1())


def pem(*names: x509.GeneralName, common_name: str = "sip.carrier.example") -> str:
    """A certificate with these alternative names; without any, with a common name alone."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_all_kinds_of_names_are_read() -> None:
    """Names, addresses, and the SIP domain as RFC 5922 writes it; a URI with a user part is a person."""
    made = pem(
        x509.DNSName("SIP.Carrier.example"),
        x509.DNSName("*.edge.example"),
        x509.IPAddress(ip_address("192.0.2.1")),
        x509.IPAddress(ip_address("2001:db8::1")),
        x509.UniformResourceIdentifier("sip:carrier.example"),
        x509.UniformResourceIdentifier("sip:bob@carrier.example"),
        x509.UniformResourceIdentifier("https://web.example"),
        x509.RFC822Name("noc@carrier.example"),
        *(x509.DNSName(f"{number}.long.example") for number in range(40)),
    )
    found = server_names(made)
    assert found.hosts[:3] == ("sip.carrier.example", "*.edge.example", "carrier.example")
    assert found.addresses == ("192.0.2.1", "2001:db8::1")
    assert len(found.hosts) == 43
    assert str(found) == "sip.carrier.example, *.edge.example, carrier.example"


@pytest.mark.parametrize(
    ("name", "included"),
    [
        ("sip.carrier.example", True),
        ("SIP.carrier.example.", True),
        ("a.edge.example", True),
        ("a.b.edge.example", False),
        ("edge.example", False),
        ("sip.carrier.example.evil.example", False),
        ("192.0.2.1", True),
        ("192.0.2.2", False),
        ("[2001:db8:0::1]", True),
        ("", False),
    ],
)
def test_a_name_matches_whole_labels(name: str, included: bool) -> None:
    names = ServerNames(("sip.carrier.example", "*.edge.example"), ("192.0.2.1", "2001:db8::1"))
    assert names.includes(name) is included


def test_a_wildcard_for_a_whole_top_level_domain_is_no_name() -> None:
    assert not ServerNames(("*.example",)).includes("carrier.example")


def test_the_common_name_alone_is_no_name() -> None:
    assert server_names(pem()) == ServerNames()


TRUNK = Trunk(1, "t", TrunkKind.REGISTER, domain="carrier.example")
PEER = Peer("192.0.2.1", 5061, "sip.carrier.example")


def test_the_host_or_the_domain_of_the_trunk_is_enough() -> None:
    assert objection_to_server(pem(x509.DNSName("sip.carrier.example")), TRUNK, PEER) == ""
    assert objection_to_server(pem(x509.DNSName("carrier.example")), TRUNK, PEER) == ""
    assert objection_to_server(pem(x509.IPAddress(ip_address("192.0.2.1"))), TRUNK, Peer("192.0.2.1", 5061)) == ""


def test_another_name_is_told() -> None:
    assert objection_to_server(pem(x509.DNSName("evil.example")), TRUNK, PEER) == (
        "the certificate is for evil.example, not for sip.carrier.example or carrier.example"
    )


def test_the_address_of_a_named_host_is_no_name_of_it() -> None:
    """Whoever answers at an address that DNS told has to be whom the administrator named."""
    assert objection_to_server(pem(x509.IPAddress(ip_address("192.0.2.1"))), TRUNK, PEER) != ""


@pytest.mark.parametrize(
    "broken",
    ["", "x", "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----", pem()[:300] + "\n-----END CERTIFICATE-----"],
)
def test_what_is_no_certificate_is_nobodys(broken: str) -> None:
    assert server_names(broken) == ServerNames()
    assert "for nobody" in objection_to_server(broken, TRUNK, PEER)


def test_nothing_cut_or_changed_raises() -> None:
    """What a peer shows is hostile: each cut, and each changed byte, is read or refused."""
    whole = pem(x509.DNSName("sip.carrier.example"))
    lines = whole.splitlines()
    for end in range(1, len(lines) - 1):
        server_names("\n".join([*lines[:end], lines[-1]]))
    for place in range(30, len(whole) - 30):
        server_names(whole[:place] + "A" + whole[place + 1 :])


def test_a_longer_one_than_any_is_not_read() -> None:
    assert server_names(f"-----BEGIN CERTIFICATE-----{'A' * 70_000}-----END CERTIFICATE-----") == ServerNames()
