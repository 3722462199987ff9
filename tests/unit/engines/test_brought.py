"""Reference, "Web Access Security": a certificate somebody brings is refused with the reason before it is served."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from ringfence.engines.certificates.brought import CertificateRefused, checked, described, is_trusted
from tests.unit.engines.authority import HOST, NOW, YEAR, Issued, authority, issue, server

ROOT, ISSUING = authority()
SERVER = server(ISSUING)


def refused(chain: str, key: str, host: str = HOST) -> tuple[str, str, str]:
    with pytest.raises(CertificateRefused) as caught:
        checked(chain, key, host, NOW)
    return caught.value.field, caught.value.rule, caught.value.message


def test_a_whole_chain_is_taken_with_or_without_its_root() -> None:
    for chain in (SERVER.pem + ISSUING.pem, SERVER.pem + ISSUING.pem + ROOT.pem, SERVER.pem):
        assert checked(chain, SERVER.key_pem, HOST, NOW).leaf == SERVER.certificate


def test_the_key_may_stand_in_the_same_file() -> None:
    assert checked(SERVER.key_pem + SERVER.pem, "", HOST, NOW).leaf == SERVER.certificate


def test_what_is_written_for_nginx_is_what_was_given() -> None:
    pair = checked("text before\n" + SERVER.pem + ISSUING.pem, SERVER.key_pem, HOST, NOW)
    assert pair.chain_pem.decode() == SERVER.pem + ISSUING.pem
    assert pair.key_pem.decode() == SERVER.key_pem


@pytest.mark.parametrize(
    ("chain", "key", "field", "rule", "says"),
    [
        ("", SERVER.key_pem, "chain", "syntax", "BEGIN CERTIFICATE"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", SERVER.key_pem, "chain", "syntax", "readable"),
        ("-----BEGIN CERTIFICATE REQUEST-----", SERVER.key_pem, "chain", "request", "request"),
        (SERVER.pem * 9, SERVER.key_pem, "chain", "length", "9 certificates"),
        (SERVER.pem, "", "key", "key_missing", "missing"),
        (SERVER.pem, "nonsense", "key", "key_syntax", "PEM"),
        (SERVER.pem, ISSUING.key_pem, "key", "key_match", HOST),
        (ISSUING.pem + SERVER.pem, SERVER.key_pem, "chain", "order", "number 2"),
        (SERVER.pem + ROOT.pem, SERVER.key_pem, "chain", "order", "Test Issuing"),
    ],
)
def test_what_cannot_be_served_is_named(chain: str, key: str, field: str, rule: str, says: str) -> None:
    found = refused(chain, key)
    assert found[:2] == (field, f"certificate.{rule}")
    assert says in found[2]


def one(**more: object) -> Issued:
    return server(ISSUING, **more)


@pytest.mark.parametrize(
    ("made", "rule", "says"),
    [
        (one(ends=NOW - timedelta(hours=1), begins=NOW - YEAR), "expired", "ended on"),
        (one(begins=NOW + timedelta(days=1)), "not_yet", "clock"),
        (one(key=rsa.generate_private_key(65537, 1024)), "weak_key", "RSA 1024"),  # noqa: S505 refused, that is the point
        (one(key=ed25519.Ed25519PrivateKey.generate()), "weak_key", "Ed25519"),
        (one(usage=ExtendedKeyUsageOID.CLIENT_AUTH), "usage", "servers"),
        (one(names=[]), "names", "subjectAltName"),
        (issue(HOST, ROOT, ca=True, names=[HOST]), "authority", "authority"),
    ],
)  # fmt: skip
def test_what_browsers_would_refuse_is_named(made: Issued, rule: str, says: str) -> None:
    found = refused(made.pem, made.key_pem)
    assert found[1] == f"certificate.{rule}"
    assert says in found[2]


def test_an_expired_issuer_is_named_too() -> None:
    old = issue("Old Issuing", ROOT, ca=True, begins=NOW - YEAR, ends=NOW - timedelta(days=1))
    made = server(old)
    assert refused(made.pem + old.pem, made.key_pem)[2].startswith("Certificate 2 (Old Issuing) ended on")


def test_a_key_with_a_passphrase_is_named() -> None:
    form = serialization.PrivateFormat.PKCS8
    sealed = SERVER.key.private_bytes(
        serialization.Encoding.PEM, form, serialization.BestAvailableEncryption(b"x")
    ).decode()
    assert refused(SERVER.pem, sealed)[1] == "certificate.key_encrypted"


@pytest.mark.parametrize(
    ("names", "host", "fits"),
    [
        (["pbx.example"], "PBX.example.", True),
        (["*.example"], "pbx.example", True),
        (["*.example"], "a.pbx.example", False),
        (["*.example"], "example", False),
        (["192.0.2.10"], "192.0.2.10", True),
        (["*.0.2.10"], "192.0.2.10", False),
        (["other.example"], "pbx.example", False),
        (["other.example"], "", True),
    ],
)
def test_the_name_people_type_must_be_in_it(names: list[str], host: str, fits: bool) -> None:
    made = one(names=names)
    if fits:
        assert checked(made.pem, made.key_pem, host, NOW)
    else:
        assert refused(made.pem, made.key_pem, host)[:2] == ("host", "certificate.names")


def test_only_a_chain_to_a_known_root_is_trusted(tmp_path: Path) -> None:
    """HSTS (RFC 6797) with a certificate that browsers do not know would lock their owners out."""
    roots = tmp_path / "roots.pem"
    roots.write_text(ROOT.pem)
    chain = [SERVER.certificate, ISSUING.certificate]
    assert is_trusted(chain, NOW, roots)
    assert not is_trusted([SERVER.certificate], NOW, roots)
    assert not is_trusted([issue(HOST, names=[HOST]).certificate], NOW, roots)
    assert not is_trusted(chain, NOW)
    assert not is_trusted(chain, NOW + 2 * YEAR, roots)


def test_the_description_holds_what_people_compare() -> None:
    found = described([SERVER.certificate, ISSUING.certificate], NOW)
    assert (found["subject"], found["issuer"], found["self_signed"]) == (HOST, "Test Issuing", False)
    assert (found["names"], found["days_left"], found["key"]) == ([HOST, "192.0.2.10"], 365, "ECDSA secp256r1")
