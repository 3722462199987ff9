"""The guard sees that a relay runs out of room, and tells workers and people (issue 5, "Limits"; attack case 81)."""

from pathlib import Path
from typing import Any

import pytest

from ringfence.guard.health.alarms import Alarms
from ringfence.guard.ledger import Ledger
from ringfence.guard.relay.media import Relay
from ringfence.guard.relay.relayroom import MEDIA_FULL, RelayRoom, offers_left
from ringfence.policy.calls.limits import MOST_CARRIED
from ringfence.store.relayroom import RelayRoomReader, RelayRoomWriter, Side


class Told(Relay):
    """A relay that says this of itself."""

    def __init__(self, free: int) -> None:
        self.free = free

    def statistics(self) -> dict[str, Any]:
        return {"interfaces": [{"ports": {"free": free, "totals": 1000}} for free in (900, self.free)]}


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.anyio
async def test_workers_and_people_are_told_of_the_relay_that_is_full(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    core, outer, alarms = Told(103), Told(104), Alarms(ledger)
    room, workers = RelayRoom(core, outer, RelayRoomWriter(tmp_path), alarms), RelayRoomReader(tmp_path)
    await room.look()
    assert [workers.is_low(side) for side in Side] == [True, False]
    assert [alarm["id"] for alarm in alarms.listing()] == [MEDIA_FULL]
    core.free, outer.free = 104, 0
    await room.look()
    assert [workers.is_low(side) for side in Side] == [False, True]
    ledger.close()


def test_calls_that_are_two_for_the_relay_are_seen_too() -> None:
    """Two calls that are tied to each other are counted once and carried as two."""
    assert offers_left({"currentstatistics": {"sessionstotal": MOST_CARRIED}}) == 0
    assert offers_left({"currentstatistics": {"sessionstotal": MOST_CARRIED - 1}, "interfaces": []}) == 1


@pytest.mark.parametrize("nonsense", [{}, {"interfaces": {}}, {"interfaces": [1, {"ports": "no"}]}])
def test_a_relay_that_says_nothing_is_no_reason_to_refuse(nonsense: dict[str, Any]) -> None:
    assert offers_left(nonsense) is None
