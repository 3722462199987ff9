"""A backup is made while everything runs, and comes back on a new root where phones register again without a touch."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab.product import Product, make_home, within
from ringfence.lab.softphone import Softphone

PASSPHRASE = "correct horse battery"
ATTACKER = "203.0.113.77"


@pytest.fixture
def spare(lab: Any) -> Iterator[Product]:
    """Another server, on which nothing was ever installed."""
    home = make_home("spare")
    product = Product(lab.host("spare", 30), lab.host("admin", 10), home)
    try:
        yield product
    finally:
        product.stop()
        shutil.rmtree(home, ignore_errors=True)


def test_a_backup_comes_back_on_a_new_root(pbx: Any, phone: Any, spare: Product, tmp_path: Path) -> None:
    """Case 126: the same phone registers with what it knows; starting anew takes a minute at most."""
    phone("171")
    pbx.rest.post("bans", address=ATTACKER, seconds=86_400)
    status, answer = pbx.rest.raw("POST", "backups", {})
    assert (status, b"backup.no_passphrase" in answer) == (422, True)
    pbx.rest.call("PUT", "backup-plan/passphrase", {"passphrase": PASSPHRASE})
    backup = _fetched(pbx, tmp_path)
    key = tmp_path / "passphrase"
    key.write_text(f"{PASSPHRASE}\n")

    for directory in (spare.home, spare.paths.state, spare.paths.run):
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)
    key.write_text("wrong horse battery\n")
    assert "nothing was changed" in _restored(spare, backup, key, 1)
    assert list(spare.paths.state.iterdir()) == []
    key.write_text(f"{PASSPHRASE}\n")
    _restored(spare, backup, key, 0)

    assert spare.start() <= 60
    spare.rest.token = pbx.rest.token
    assert [user["extension"] for user in spare.rest.get("users?search=171")["items"]] == ["171"]
    assert any(item["aor"].startswith("171@") for item in spare.registrations())
    assert spare.ban_of(ATTACKER) is not None
    within(5, lambda: spare.in_kernel_set(ATTACKER), "the ban is in the kernel again")
    with Softphone(pbx.lab.host("dave", 14), (str(spare.host.address), 5060), pbx.account("171")) as same:
        assert same.register().status == 200
    assert spare.command("audit", "verify").returncode == 0


def _fetched(pbx: Any, folder: Path) -> Path:
    made = pbx.rest.post("backups")
    within(30, lambda: pbx.rest.get(f"backups/{made['id']}")["state"] == "done", "the backup is made")
    status, raw = pbx.rest.raw("GET", f"backups/{made['id']}/file")
    assert status == 200
    target = folder / "backup.ringfence"
    target.write_bytes(raw)
    return target


def _restored(product: Product, backup: Path, key: Path, code: int) -> str:
    done = product.command("restore", str(backup), "--passphrase-file", str(key), timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr
