"""What is served of others is what the table says, byte for byte; own scripts load nothing else."""

import hashlib
import re
from pathlib import Path

import pytest

from ringfence.portal.system.assets import STATIC

TABLE = STATIC / "vendor" / "README.md"
ROWS = re.findall(r"^\| (\S+\.(?:js|css)) \| .* \| ([0-9a-f]{64}) \|$", TABLE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize(("name", "digest"), ROWS)
def test_each_file_has_the_digest_of_its_line(name: str, digest: str) -> None:
    assert hashlib.sha256((STATIC / "vendor" / name).read_bytes()).hexdigest() == digest


def test_no_file_is_missing_in_the_table() -> None:
    assert {path.name for path in (STATIC / "vendor").iterdir() if path.suffix in (".js", ".css")} == {
        name for name, _ in ROWS
    }


@pytest.mark.parametrize("path", sorted((STATIC / "phone").glob("*.js")), ids=lambda path: path.name)
def test_the_phones_scripts_are_checked_modules_of_our_own_origin(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.startswith("// @ts-check\n")
    for imported in re.findall(r'from "([^"]+)"', source):
        assert (path.parent / imported).resolve().is_file(), imported
    assert not re.search(r"\beval\(|new Function|innerHTML|outerHTML|document\.write", source)
    assert source.count("\n") <= 400
