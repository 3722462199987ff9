"""The first certificate is made once, kept, and renewed before it ends; a foreign one is never touched."""

import ssl
import stat
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest

from ringfence.engines.certificates.certificate import LIFETIME, Certificate, ensure_certificate, renewed_pair
from ringfence.engines.certificates.pairs import Origin, in_force, make_current, store_pair
from ringfence.hosts.paths import Paths
from tests.unit.engines.authority import authority, server

NOW = datetime.now(UTC)
OWN = [ip_address("192.0.2.10"), ip_address("2001:db8::1")]


def ensured(folder: Path, now: datetime = NOW) -> Certificate:
    paths = Paths(state=folder)
    paths.tls.mkdir(exist_ok=True)
    return ensure_certificate(paths, OWN, "", now)


def test_it_is_made_once_and_its_key_is_secret(tmp_path: Path) -> None:
    first = ensured(tmp_path)
    assert first.created
    assert ensured(tmp_path) == Certificate(first.fingerprint, first.expires, created=False)
    assert Paths(state=tmp_path).web_key.stat().st_mode & 0o777 == 0o640


def test_the_core_may_read_one_that_a_version_before_made(tmp_path: Path) -> None:
    """Issue 2: after an upgrade from the first days the core ended at each start, for it could not read the pair."""
    first = ensured(tmp_path)
    paths = Paths(state=tmp_path)
    paths.web_key.chmod(0o600)
    paths.current_pair.resolve().chmod(0o700)
    assert ensured(tmp_path).fingerprint == first.fingerprint
    assert stat.S_IMODE(paths.web_key.stat().st_mode) == 0o640
    assert stat.S_IMODE(paths.current_pair.resolve().stat().st_mode) == 0o750


def test_the_web_server_has_nothing_else_opened(tmp_path: Path) -> None:
    """Its account may write where root puts this right (docs/threat-model.md)."""
    ensured(tmp_path)
    paths, secret = Paths(state=tmp_path), tmp_path / "secret"
    secret.write_text("key of somebody else")
    secret.chmod(0o600)
    paths.web_key.unlink()
    paths.web_key.symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"):
        ensured(tmp_path)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_a_server_can_load_it(tmp_path: Path) -> None:
    ensured(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Paths(state=tmp_path).web_certificate, Paths(state=tmp_path).web_key)


def test_it_is_renewed_before_it_ends(tmp_path: Path) -> None:
    first = ensured(tmp_path)
    later = ensured(tmp_path, NOW + LIFETIME - timedelta(days=10))
    assert later.created
    assert later.fingerprint != first.fingerprint


def test_one_that_was_brought_is_never_replaced(tmp_path: Path) -> None:
    ensured(tmp_path)
    paths = Paths(state=tmp_path)
    brought = server(authority()[1], ends=NOW + timedelta(days=2))
    make_current(paths, store_pair(paths, Origin.BROUGHT, brought.pem.encode(), brought.key_pem.encode()))
    assert not ensured(tmp_path, NOW + timedelta(days=1)).created
    assert paths.web_certificate.read_text() == brought.pem


def test_only_the_pair_in_force_and_the_one_before_stay_on_the_disk(tmp_path: Path) -> None:
    paths = Paths(state=tmp_path)
    paths.tls.mkdir()
    for name in ("a", "b", "c", "d"):
        make_current(paths, store_pair(paths, Origin.BROUGHT, name.encode(), b"key"))
    assert paths.web_certificate.read_text() == "d"
    assert len([path for path in paths.tls.iterdir() if not path.is_symlink()]) == 2


def test_while_the_system_runs_one_of_1970_is_renewed(tmp_path: Path) -> None:
    """Attack case 122: the clock began in 1970, and network time set it right a minute later."""
    ensured(tmp_path, datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    assert renewed_pair(Paths(state=tmp_path), OWN, datetime(1970, 1, 2, tzinfo=UTC)) is None
    folder = renewed_pair(Paths(state=tmp_path), OWN, NOW)
    assert folder is not None
    assert folder.name != in_force(Paths(state=tmp_path))


def test_one_of_a_clock_that_was_ahead_is_renewed(tmp_path: Path) -> None:
    first = ensured(tmp_path, NOW + timedelta(days=100))
    assert renewed_pair(Paths(state=tmp_path), OWN, NOW) is not None
    assert ensured(tmp_path).fingerprint != first.fingerprint


def test_one_that_was_brought_is_not_renewed_by_itself(tmp_path: Path) -> None:
    ensured(tmp_path)
    paths = Paths(state=tmp_path)
    brought = server(authority()[1], ends=NOW + timedelta(days=2))
    make_current(paths, store_pair(paths, Origin.BROUGHT, brought.pem.encode(), brought.key_pem.encode()))
    assert renewed_pair(paths, OWN, NOW + timedelta(days=3)) is None


def test_a_boot_in_1970_keeps_a_good_one(tmp_path: Path) -> None:
    """It begins in the future then; phones would be shown another one after each restart of the machine."""
    first = ensured(tmp_path)
    assert ensured(tmp_path, datetime(1970, 1, 1, tzinfo=UTC)).fingerprint == first.fingerprint
    assert renewed_pair(Paths(state=tmp_path), OWN, datetime(1970, 1, 1, tzinfo=UTC)) is None
