"""A state directory to a backup and back: nothing is lost, nothing is half-applied."""

import io
import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ringfence.backups import restoring
from ringfence.backups.lock import WrongPassphrase, new_lock
from ringfence.backups.making import file_name, make, note_last
from ringfence.backups.restoring import NEW, OLD, restore, take_back, undo, verify
from ringfence.backups.sealed import Damaged, NoBackup, SealingWriter
from ringfence.hosts.paths import Paths

PASSPHRASE = "correct horse battery"
LOCK = new_lock(PASSPHRASE)
NOW = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """A small state: keys, a database in use, a certificate behind a link, and what no backup holds."""
    paths = Paths(state=tmp_path / "state", run=tmp_path / "run", venv=tmp_path / "venv")
    for folder in (paths.portal, paths.secrets, paths.tls / "one", paths.policy, paths.logs, paths.backups):
        folder.mkdir(parents=True)
    (paths.secrets / "seal.key").write_bytes(b"k" * 32)
    (paths.tls / "one" / "web.key").write_text("key")
    paths.current_pair.symlink_to("one")
    (paths.tls / "authorities.pem").symlink_to("/etc/ssl/certs/ca-certificates.crt")
    (paths.policy / "data.mdb").write_text("made anew")
    (paths.logs / "core.log").write_text("noise")
    with closing(sqlite3.connect(paths.portal_database)) as db, db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE extension (number TEXT)")
        db.execute("INSERT INTO extension VALUES ('101')")
    return paths


def backup(paths: Paths) -> Path:
    return make(paths, LOCK, paths.backups / file_name(NOW), NOW).path


def numbers(paths: Paths) -> list[str]:
    with closing(sqlite3.connect(paths.portal_database)) as db:
        return [number for (number,) in db.execute("SELECT number FROM extension")]


def test_everything_comes_back_on_a_new_root(paths: Paths, tmp_path: Path) -> None:
    there = Paths(state=tmp_path / "new", run=tmp_path / "run", venv=tmp_path / "venv")
    found = restore(there, backup(paths), PASSPHRASE)
    assert numbers(there) == ["101"]
    assert (there.secrets / "seal.key").read_bytes() == b"k" * 32
    assert there.web_key.read_text() == "key"
    assert there.current_pair.is_symlink()
    assert not (there.tls / "authorities.pem").is_symlink()
    assert not there.policy.exists() and not there.logs.exists() and not there.backups.exists()
    assert found.kept is None and found.facts.at == NOW.isoformat()


def test_modes_come_back(paths: Paths, tmp_path: Path) -> None:
    paths.secrets.chmod(0o700)
    (paths.secrets / "seal.key").chmod(0o600)
    there = Paths(state=tmp_path / "new")
    restore(there, backup(paths), PASSPHRASE)
    assert there.secrets.stat().st_mode & 0o7777 == 0o700
    assert (there.secrets / "seal.key").stat().st_mode & 0o7777 == 0o600


def test_a_database_is_whole_though_somebody_is_writing(paths: Paths, tmp_path: Path) -> None:
    """What is committed is in the backup, what is not is not."""
    with closing(sqlite3.connect(paths.portal_database, isolation_level=None)) as busy:
        busy.execute("INSERT INTO extension VALUES ('102')")
        busy.execute("BEGIN IMMEDIATE")
        busy.execute("INSERT INTO extension VALUES ('103')")
        made = backup(paths)
    there = Paths(state=tmp_path / "new")
    restore(there, made, PASSPHRASE)
    assert numbers(there) == ["101", "102"]


def test_the_file_tells_nothing_in_clear(paths: Paths) -> None:
    raw = backup(paths).read_bytes()
    assert b"seal.key" not in raw and b"kkkk" not in raw and b"extension" not in raw


def test_only_its_owner_and_group_may_read_it(paths: Paths) -> None:
    assert backup(paths).stat().st_mode & 0o7 == 0


def test_the_old_state_is_kept_beside(paths: Paths) -> None:
    made = backup(paths)
    with closing(sqlite3.connect(paths.portal_database)) as db, db:
        db.execute("INSERT INTO extension VALUES ('999')")
    found = restore(paths, made, PASSPHRASE)
    assert numbers(paths) == ["101"]
    assert found.kept is not None and (found.kept / "portal" / "db.sqlite3").exists()
    assert made.exists()


def test_a_wrong_passphrase_changes_nothing(paths: Paths) -> None:
    made = backup(paths)
    before = sorted(paths.state.rglob("*"))
    with pytest.raises(WrongPassphrase):
        restore(paths, made, "another passphrase")
    assert sorted(paths.state.rglob("*")) == before


def test_a_damaged_backup_changes_nothing(paths: Paths) -> None:
    made = backup(paths)
    made.write_bytes(made.read_bytes()[:-3])
    before = sorted(paths.state.rglob("*"))
    with pytest.raises(Damaged):
        restore(paths, made, PASSPHRASE)
    assert sorted(paths.state.rglob("*")) == before


def test_a_restore_that_was_interrupted_is_undone(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between two renames; the next start puts everything back."""
    made = backup(paths)

    def killed(_: Paths) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(restoring, "_keep", killed)
    with pytest.raises(KeyboardInterrupt):
        restore(paths, made, PASSPHRASE)
    (paths.state / "from-the-backup").mkdir()
    assert undo(paths)
    assert not (paths.state / "from-the-backup").exists()
    assert (paths.policy / "data.mdb").read_text() == "made anew"
    assert not (paths.state / OLD).exists() and not (paths.state / NEW).exists()
    assert not undo(paths)


@pytest.mark.parametrize("moves", range(1, 8))
def test_it_is_undone_wherever_it_was_interrupted(paths: Paths, monkeypatch: pytest.MonkeyPatch, moves: int) -> None:
    made, left, real = backup(paths), iter(range(moves)), Path.rename

    def move(self: Path, target: Path) -> Path:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return real(self, target)

    before = contents(paths)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", move)
        with pytest.raises(KeyboardInterrupt):
            restore(paths, made, PASSPHRASE)
    assert undo(paths)
    assert contents(paths) == before


def contents(paths: Paths) -> dict[str, bytes]:
    return {
        str(path.relative_to(paths.state)): path.read_bytes()
        for path in sorted(paths.state.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def test_a_complete_restore_can_be_taken_back(paths: Paths) -> None:
    """The database did not take the rows."""
    made = backup(paths)
    (paths.secrets / "seal.key").write_bytes(b"n" * 32)
    later = contents(paths)
    take_back(paths, restore(paths, made, PASSPHRASE))
    assert contents(paths) == later


@pytest.mark.parametrize("name", ["state/../../etc/passwd", "/etc/passwd", "etc/passwd", "state"])
def test_a_name_that_leads_elsewhere_is_refused(paths: Paths, name: str) -> None:
    entry = tarfile.TarInfo(name)
    with pytest.raises(Damaged):
        verify(forged(paths, entry), PASSPHRASE)


@pytest.mark.parametrize("target", ["/etc", "../../etc"])
def test_a_link_that_leads_elsewhere_is_refused(paths: Paths, target: str) -> None:
    entry = tarfile.TarInfo("state/tls/current")
    entry.type, entry.linkname = tarfile.SYMTYPE, target
    with pytest.raises(Damaged):
        verify(forged(paths, entry), PASSPHRASE)


def test_a_device_is_refused(paths: Paths) -> None:
    entry = tarfile.TarInfo("state/console")
    entry.type = tarfile.CHRTYPE
    with pytest.raises(Damaged):
        verify(forged(paths, entry), PASSPHRASE)


def test_a_backup_of_a_later_version_is_refused(paths: Paths) -> None:
    with pytest.raises(NoBackup, match="99"):
        verify(forged(paths, tarfile.TarInfo("state/x"), version="99.0.0"), PASSPHRASE)


def forged(paths: Paths, entry: tarfile.TarInfo, version: str = "0.0.1") -> Path:
    """Whoever has the lock can make a backup; its content is not believed for that."""
    path = paths.backups / "forged.ringfence"
    manifest = f'{{"version": "{version}", "at": "now", "database": "sqlite"}}'.encode()
    with (
        path.open("wb") as stream,
        closing(SealingWriter(stream, LOCK)) as sealed,
        tarfile.open(fileobj=sealed, mode="w|gz") as archive,
    ):
        first = tarfile.TarInfo("ringfence.json")
        first.size = len(manifest)
        archive.addfile(first, io.BytesIO(manifest))
        archive.addfile(entry)
    return path


def test_a_failure_leaves_no_file(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        backup(paths)
    assert list(paths.backups.iterdir()) == []


def test_the_last_backup_is_noted(paths: Paths) -> None:
    made = make(paths, LOCK, paths.backups / file_name(NOW), NOW)
    note_last(paths, made, NOW)
    assert '"file": "ringfence-20261126-030000.ringfence"' in (paths.backups / "last.json").read_text()
