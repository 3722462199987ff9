"""World-readable secrets are named and closed; what is public or out of reach is left alone."""

import os
from pathlib import Path

import pytest

from ringfence.hosts.paths import Paths
from ringfence.hosts.secrecy import close_secrets, readable_secrets


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths(state=tmp_path / "state", run=tmp_path / "run")
    for folder in (made.secrets, made.tls, made.portal):
        folder.mkdir(parents=True, mode=0o700)
    for path, mode in (
        (made.secrets / "seal.key", 0o600),
        (made.tls / "web.crt", 0o644),
        (made.tls / "web.key", 0o640),
    ):
        path.write_bytes(b"x")
        path.chmod(mode)
    return made


def test_a_well_kept_system_has_none(paths: Paths) -> None:
    assert readable_secrets(paths) == ()


def test_a_key_is_named_wherever_it_lies_and_closed(paths: Paths) -> None:
    key = paths.tls / "web.key"
    key.chmod(0o644)
    assert readable_secrets(paths) == (key,)
    assert close_secrets(paths) == (key,)
    assert key.stat().st_mode & 0o777 == 0o640
    assert readable_secrets(paths) == ()


def test_a_database_counts_where_others_can_get_to_it(paths: Paths) -> None:
    paths.portal_database.write_bytes(b"x")
    paths.portal_database.chmod(0o644)
    assert readable_secrets(paths) == ()
    paths.portal.chmod(0o755)
    reached = all(folder.stat().st_mode & 0o001 for folder in paths.portal.parents)
    assert readable_secrets(paths) == ((paths.portal_database,) if reached else ())


def test_links_are_not_followed(paths: Paths, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(b"x")
    other.chmod(0o644)
    os.symlink(other, paths.secrets / "link.key")
    assert readable_secrets(paths) == ()
