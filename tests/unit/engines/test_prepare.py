"""What keeps a start from beginning is told with what to do (issue 2)."""

from pathlib import Path

import pytest

from ringfence.engines import prepare
from ringfence.hosts.room import Room
from tests.unit.engines.systems import a_system


def test_a_path_that_no_engine_can_spell_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    """It was a hundred lines of Python, after the database had been made."""
    system = a_system(state=tmp_path / "my phones", run=tmp_path / "run")
    with pytest.raises(prepare.PreparationFailed, match="What to do: name directories of letters"):
        prepare._plain_paths(system)
    prepare._plain_paths(a_system(state=tmp_path / "state", run=tmp_path / "run"))


@pytest.mark.parametrize(
    ("room", "told"),
    [
        (Room(0, 2 << 20, files=60_000, all_files=65_536), "make room, there are 0 MiB left"),
        (Room(90 << 30, 100 << 30, files=0, all_files=65_536), "make room, there are 92160 MiB and 0 files left"),
        (Room(90 << 30, 100 << 30), "correct what it names"),
    ],
)
def test_a_step_that_fails_on_a_full_disk_names_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, room: Room, told: str
) -> None:
    """The database said that it cannot be opened, and named the command that had just failed."""
    monkeypatch.setattr(prepare, "room_at", lambda _: room)
    assert prepare._what_to_do(a_system(state=tmp_path)).startswith(told)
