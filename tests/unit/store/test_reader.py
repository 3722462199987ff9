"""A worker learns of a commit by one look into shared memory (ADR 9)."""

import subprocess
import sys
from pathlib import Path

from ringfence.store.reader import PolicyReader

_PUBLISH = """
import sys
from pathlib import Path
from ringfence.policy.book import Book, Subscriber
from ringfence.store.writer import PolicyWriter
writer = PolicyWriter(Path(sys.argv[1]))
writer.publish(Book(), [Subscriber("101@acme.example", 1, 1, "User", True, sys.argv[2], "x", "y")])
writer.close()
"""


def _publish(folder: Path, name: str) -> None:
    subprocess.run([sys.executable, "-c", _PUBLISH, str(folder), name], check=True, timeout=20)


def test_every_commit_of_another_process_changes_the_number(tmp_path: Path) -> None:
    _publish(tmp_path / "policy", "Ann")
    reader = PolicyReader(tmp_path / "policy")
    seen = [reader.commits()]
    for name in ("Bea", "Cleo"):
        _publish(tmp_path / "policy", name)
        seen.append(reader.commits())
        found = reader.subscriber("101@acme.example")
        assert found is not None
        assert found.display_name == name
    reader.close()
    assert len(set(seen)) == len(seen), "a stale policy would stay in force"
    assert seen[0] > 0
