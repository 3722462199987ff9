"""Certificates of tenants' domains (issue 6: SNI by tenant, certificate change without dropping connections)."""

from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.engines.certificates import sipcertificates
from ringfence.engines.certificates.sipcertificates import SipCertificates
from ringfence.engines.certificates.sippairs import names_in_force, read_pairs
from ringfence.engines.changing.questions import Refusal
from ringfence.hosts.paths import Paths
from tests.unit.engines.authority import Issued, authority, server
from tests.unit.engines.systems import a_system

DOMAIN = "acme.example"


class Core:
    """Takes its certificates anew, or refuses."""

    def __init__(self) -> None:
        self.takes = True
        self.asked = 0

    def __call__(self, *_: object) -> bool:
        self.asked += 1
        return self.takes


@pytest.fixture
def core() -> Core:
    return Core()


@pytest.fixture
def desk(tmp_path: Path, core: Core) -> SipCertificates:
    paths = Paths(state=tmp_path / "state", run=tmp_path / "run")
    for folder in (paths.transports.parent, paths.core):
        folder.mkdir(parents=True)
    return SipCertificates(replace(a_system(), paths=paths), core)


def put(desk: SipCertificates, *names: str, domain: str = DOMAIN) -> Issued:
    _, issuing = authority()
    made = server(issuing, names=names or (domain,))
    desk.put({"domain": domain, "chain": made.pem, "key": made.key_pem})
    return made


def text(desk: SipCertificates) -> str:
    return desk.system.paths.core_tls_config.read_text()


def test_a_domain_gets_a_section_of_its_own_and_the_systems_stands_last(desk: SipCertificates, core: Core) -> None:
    """Kamailio begins with the last section of a socket: that is what a phone without a name is shown."""
    made = put(desk)
    (pair,) = read_pairs(desk.system.paths.sip_certificates)
    assert pair.certificate.read_text() == made.pem
    assert (pair.key.stat().st_mode & 0o777, pair.key.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    sections = text(desk).split("[server:")[1:]
    of_socket = [section for section in sections if section.startswith(sections[1].partition("]")[0] + "]")]
    assert [f"server_name = {DOMAIN}" in section for section in of_socket] == [True, False]
    assert str(desk.system.paths.web_certificate) in of_socket[-1] and "server_name = nameless" in of_socket[-1]
    assert all("TLSv1.2+" in section and "ECDHE-ECDSA-AES128" in section for section in of_socket)
    assert core.asked == 1


def test_another_one_replaces_it_and_the_former_key_is_gone(desk: SipCertificates) -> None:
    put(desk)
    (before,) = read_pairs(desk.system.paths.sip_certificates)
    made = put(desk)
    assert desk.show({})["certificates"][DOMAIN]["names"] == [DOMAIN]
    assert read_pairs(desk.system.paths.sip_certificates)[0].certificate.read_text() == made.pem
    assert not before.key.exists()


def test_what_the_core_does_not_take_is_not_in_force(desk: SipCertificates, core: Core) -> None:
    first, core.takes = put(desk), False
    with pytest.raises(Refusal, match="did not take it"):
        put(desk)
    assert read_pairs(desk.system.paths.sip_certificates)[0].certificate.read_text() == first.pem
    assert str(read_pairs(desk.system.paths.sip_certificates)[0].key) in text(desk)


def test_one_for_another_name_is_refused_with_the_existing_checks(desk: SipCertificates) -> None:
    with pytest.raises(Refusal) as refused:
        put(desk, "other.example")
    assert refused.value.rule.startswith("certificate.")
    assert read_pairs(desk.system.paths.sip_certificates) == ()


@pytest.mark.parametrize("domain", ["", "acme", "../../etc", "a.example\n[server:any]", "a b.example", "x" * 300])
def test_what_is_no_domain_is_refused(desk: SipCertificates, domain: str) -> None:
    with pytest.raises(Refusal) as refused:
        desk.put({"domain": domain, "chain": "", "key": ""})
    assert refused.value.field == "domain"


def test_a_dropped_one_leaves_the_file_as_it_was(desk: SipCertificates) -> None:
    put(desk)
    assert desk.drop({"domain": DOMAIN}) == {"certificates": {}}
    assert text(desk).count("[server:") == 1
    assert not [path for path in desk.system.paths.sip_certificates.iterdir() if path.is_dir()]


def test_there_is_a_limit(desk: SipCertificates, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sipcertificates, "MOST", 1)
    put(desk)
    put(desk)
    with pytest.raises(Refusal, match="At most 1"):
        put(desk, domain="beta.example")


@pytest.mark.parametrize("stored", ["", "[]", '{"acme.example": "../../x"}', '{"a b": "c"}', '{"acme.example": 7}'])
def test_what_cannot_be_read_is_no_certificate(desk: SipCertificates, stored: str) -> None:
    folder = desk.system.paths.sip_certificates
    folder.mkdir()
    (folder / "in-force.json").write_text(stored)
    assert names_in_force(desk.system.paths.sip_certificates) == {}
