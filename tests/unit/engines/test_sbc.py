"""The SBC's files and certificates (issue 6): what it may read, whom it believes, which ports it takes."""

import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ringfence.engines.edge import link
from ringfence.engines.edge.link import core_side, ensure_link, sbc_side
from ringfence.engines.edge.sbc import render_sbc, render_sbc_media, render_sbc_tls
from ringfence.engines.free_ports import endpoints
from ringfence.engines.kamailio import render_core, render_tls
from ringfence.engines.nginx import render_web
from ringfence.engines.supervision.children import CORE, GUARD, SBC, SBC_MEDIA, children
from ringfence.hosts.sbc import Sbc
from tests.unit.engines.systems import a_system

NOW = datetime(2026, 11, 26, tzinfo=UTC)
ON = replace(a_system(), sbc=Sbc(enabled=True))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(link.shutil, "chown", lambda *_args, **_named: None)
    for side in ("core", "sbc"):
        (tmp_path / side).mkdir()
    return tmp_path


def test_both_ends_get_a_certificate_of_one_authority_and_nobody_its_key(folder: Path) -> None:
    assert ensure_link(folder, NOW)
    authorities = set()
    for side in (core_side(folder), sbc_side(folder)):
        authority = x509.load_pem_x509_certificate(side.authority.read_bytes())
        own = x509.load_pem_x509_certificate(side.certificate.read_bytes())
        own.verify_directly_issued_by(authority)
        assert stat.S_IMODE(side.key.stat().st_mode) == 0o640
        authorities.add(authority.fingerprint(hashes.SHA256()))
        assert isinstance(own.public_key(), ec.EllipticCurvePublicKey)
    assert len(authorities) == 1
    assert sorted(path.name for path in (folder / "sbc").iterdir()) == ["authority.crt", "link.crt", "link.key"]


def test_the_certificates_are_kept_until_they_are_about_to_end(folder: Path) -> None:
    ensure_link(folder, NOW)
    assert not ensure_link(folder, NOW + timedelta(days=3000))
    assert ensure_link(folder, NOW + timedelta(days=3600))


def test_a_link_of_1970_is_kept_and_valid_when_the_clock_is_set_right(folder: Path) -> None:
    """Attack case 122: it ended with 1979, and at every later boot without network time it looked good again."""
    early = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
    ensure_link(folder, early)
    assert not ensure_link(folder, NOW)
    assert not ensure_link(folder, early)
    own = x509.load_pem_x509_certificate(sbc_side(folder).certificate.read_bytes())
    assert own.not_valid_before_utc < early and own.not_valid_after_utc > NOW + timedelta(days=3000)


def test_without_an_sbc_there_is_no_link_and_no_process() -> None:
    core = render_core(a_system())
    assert "5068" not in core and "X-Ringfence-Client" not in core
    assert "[server:127.0.0.1" not in render_tls(a_system())
    assert "8883" not in render_web(a_system())
    assert not {SBC, SBC_MEDIA} & {child.name for child in children(a_system())}


def test_the_core_believes_the_sbc_on_the_link_alone() -> None:
    core = render_core(ON)
    assert "listen=tls:127.0.0.1:5068" in core
    assert '$Rp == 5068 && proto == TLS && $si == "127.0.0.1"' in core
    assert "tls:192.0.2.10:5065" not in core
    own = render_tls(ON).split("[server:127.0.0.1:5068]")[1]
    assert "require_certificate = yes" in own.split("[client")[0]


def test_the_sbc_takes_the_references_ports_and_may_read_nothing_of_the_product() -> None:
    text = render_sbc(ON, "0" * 32)
    for socket in ("udp:192.0.2.10:5066", "tcp:192.0.2.10:5067", "tls:192.0.2.10:5065", "tls:127.0.0.1:5069"):
        assert f"listen={socket}\n" in text
    assert "udp:127.0.0.1:5066" not in text
    assert "port-min = 25000" in render_sbc_media(ON) and "port-max = 34999" in render_sbc_media(ON)
    assert "ca_list = /var/lib/ringfence/link/sbc/authority.crt" in render_sbc_tls(ON)
    found = {child.name: child for child in children(ON)}
    assert (found[SBC].account, found[SBC_MEDIA].account) == ("ringfence-sbc", "ringfence-sbc-media")
    assert found[SBC].capabilities == found[SBC_MEDIA].capabilities == ()
    assert GUARD in found[SBC].after and GUARD in found[CORE].after, "heard before the kernel knows whom it bans"


def test_clients_outside_are_told_the_public_address_and_the_core_the_inner_one() -> None:
    """Reference, "Cloud Deployment Best Practices": what names the inner address is sent to nobody."""
    text = render_sbc(replace(ON, public=ip_address("203.0.113.7")), "0" * 32)
    for place in ("udp:192.0.2.10:5066", "tcp:192.0.2.10:5067", "tls:192.0.2.10:5065"):
        assert f"listen={place} advertise 203.0.113.7:{place[-4:]}\n" in text
    assert "listen=tls:127.0.0.1:5069\n" in text
    assert 'modparam("topoh", "mask_ip", "203.0.113.7")' in text
    assert text.count('"<sip:203.0.113.7"') == 2 and "<sip:192.0.2.10" not in text


def test_the_sbcs_portal_passes_on_its_own_page_and_signing_in_alone() -> None:
    own = render_web(ON).split("listen 8883 ssl;")[1].split("server {")[0]
    assert "location ~ ^/(sbc|sign-in" in own
    assert "location / {\n            return 404;" in own


def test_each_port_of_the_sbc_is_asked_for_before_the_start() -> None:
    asked = {(str(one.address), one.port) for one in endpoints(ON, frozenset({"core", "sbc", "sbcmedia", "web"}))}
    assert {("192.0.2.10", 5066), ("192.0.2.10", 5065), ("127.0.0.1", 5068), ("127.0.0.1", 5069)} <= asked
    assert ("127.0.0.1", 5065) not in asked and ("0.0.0.0", 8883) in asked
