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


def test_every_line_of_the_reference_has_a_status_and_what_works_has_code_and_a_test() -> None:
    """The checklist claims nothing without evidence."""
    text = (ROOT / "docs/reference-checklist.md").read_text().partition("\n## Attack cases")[0]
    rows = [line.strip("|").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    told = [[cell.strip() for cell in row] for row in rows if row[0].strip() not in ("requirement", "---")]
    assert len(told) > 60
    for row in told:
        assert len(row) == 4, row
        requirement, status, code, held_by = row
        assert re.match(r"(works|partly|no|said)\b", status), requirement
        if not status.startswith("said"):
            assert ("`" in code and "`" in held_by) or "every test" in held_by, requirement
