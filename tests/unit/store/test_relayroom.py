"""What the guard says of the room in the media relays, as a worker reads it (issue 5, "Limits"; attack case 81)."""

import time
from pathlib import Path

from ringfence.store.relayroom import HOLDS_FOR, RelayRoomReader, RelayRoomWriter, Side


def test_without_a_guard_there_is_room_and_what_it_says_is_read_at_once(tmp_path: Path) -> None:
    reader = RelayRoomReader(tmp_path)
    assert not reader.is_low(Side.CORE)
    writer, reader = RelayRoomWriter(tmp_path), RelayRoomReader(tmp_path)
    writer.tell(Side.SBC, time.monotonic(), 0)
    assert (reader.is_low(Side.CORE), reader.is_low(Side.SBC)) == (False, True)
    writer.tell(Side.SBC, time.monotonic(), 9)
    assert not reader.is_low(Side.SBC)


def test_what_nobody_confirms_is_forgotten(tmp_path: Path) -> None:
    """A guard that hangs, or that another boot of the machine had, keeps nobody from calling."""
    writer, reader = RelayRoomWriter(tmp_path), RelayRoomReader(tmp_path)
    for told_at in (time.monotonic() - HOLDS_FOR - 0.1, time.monotonic() + 10_000):
        writer.tell(Side.CORE, told_at, 0)
        assert not reader.is_low(Side.CORE)


def test_a_new_guard_begins_with_room(tmp_path: Path) -> None:
    RelayRoomWriter(tmp_path).tell(Side.CORE, time.monotonic(), 0)
    RelayRoomWriter(tmp_path)
    assert not RelayRoomReader(tmp_path).is_low(Side.CORE)
