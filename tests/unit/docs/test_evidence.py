"""The evidence that docs/asvs.md and docs/reference-checklist.md name exists: files, and the tests inside them."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
NAMED = re.compile(r"`(?:((?:unit|system|browser|fuzz)/[\w/.-]+?)((?:::\w+)*)|((?:::\w+)+))`")
"""A path with names of tests in it, or names alone: they are in the path before."""

PAGES = ("docs/asvs.md", "docs/reference-checklist.md")


def named(page: str) -> list[tuple[str, str]]:
    found, path = [], ""
    for match in NAMED.finditer((ROOT / page).read_text()):
        path = match[1] or path
        found.append((path, match[2] or match[3] or ""))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_named_test_exists(page: str) -> None:
    """ASVS table and checklist: a line whose evidence is gone is no evidence."""
    missing = []
    for path, names in named(page):
        target = ROOT / "tests" / path
        if not target.exists():
            missing.append(path)
            continue
        text = target.read_text() if target.is_file() else ""
        wanted = names.split("::")[1:]
        missing += [f"{path}::{name}" for name in wanted if not re.search(rf"(?:def|class) {name}\b", text)]
    assert named(page) and missing == []
