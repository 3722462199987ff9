"""Where tests are no package, pytest takes two files of one name for the same one, and runs one of them not at all."""

from collections import Counter
from pathlib import Path

SYSTEM = Path(__file__).parents[1] / "system"


def test_no_two_stories_have_a_file_of_the_same_name() -> None:
    names = Counter(path.name for path in SYSTEM.rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []
