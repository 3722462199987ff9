"""Counters of concurrent calls in a worker: what is admitted, what is given back (attack case 110)."""

import importlib
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ringfence.policy.book import Subscriber, Tenant
from ringfence.policy.calls.calling import Calling
from ringfence.policy.calls.limits import SUSPENDED, CallFacts, Extent
from ringfence.store.relayroom import RelayRoomReader, RelayRoomWriter, Side
from ringfence.store.suspensions import SuspensionReader, SuspensionWriter
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

ANN = Subscriber("101@a.example", 3, 1, "r", True, "Ann", "x", "y", calling=Calling(max_calls=2))
BOB = Subscriber("102@a.example", 3, 2, "r", True, "Bob", "x", "y")
TENANT = Tenant(3, "A", "a.example")


class Shared:
    """Kamailio's shared counters and the variables of one dialog."""

    def __init__(self, kamailio: Kamailio) -> None:
        self.counts: Counter[str] = Counter()
        self.dialog: dict[str, str] = {}
        kamailio.answers = {
            "htable.sht_inc": lambda table, key: self._add(key, 1),
            "htable.sht_dec": lambda table, key: self._add(key, -1),
            "pv.get": lambda name: self.dialog.get(name),
            "pv.sets": lambda name, value: self.dialog.__setitem__(name, value),
        }

    def _add(self, key: str, step: int) -> int:
        self.counts[key] += step
        return self.counts[key]

    def up(self) -> dict[str, int]:
        return {key: count for key, count in self.counts.items() if count}


@pytest.fixture
def kamailio() -> Iterator[Kamailio]:
    with loaded() as fake:
        yield fake


@pytest.fixture
def shared(kamailio: Kamailio) -> Shared:
    return Shared(kamailio)


@pytest.fixture
def limits(kamailio: Kamailio) -> ModuleType:
    return importlib.import_module("ringfence.signaling.calling.limits")


@pytest.fixture
def worker(tmp_path: Path) -> Any:
    SuspensionWriter(tmp_path).replace_all([])
    return SimpleNamespace(unattached=(), suspensions=SuspensionReader(tmp_path), relays=RelayRoomReader(tmp_path))


def test_counts_come_back_when_the_call_ends_once(shared: Shared, limits: ModuleType, worker: Any) -> None:
    assert limits.admit(CallFacts(TENANT, ANN, BOB), worker) is None
    limits.attach(worker)
    assert shared.up() == {"extension:101@a.example": 1, "extension:102@a.example": 1, "tenant:3": 1, "relay": 1}
    limits.release()
    limits.release()
    assert shared.up() == {}


def test_a_refused_call_leaves_nothing_behind(shared: Shared, limits: ModuleType, worker: Any) -> None:
    for _ in range(2):
        assert limits.admit(CallFacts(TENANT, ANN), worker) is None
        limits.attach(worker)
    refused = limits.admit(CallFacts(TENANT, ANN), worker)
    assert (refused.rule, refused.code) == ("limits.caller", 480)
    assert shared.up() == {"extension:101@a.example": 2, "tenant:3": 2, "relay": 2}


def test_a_call_whose_dialog_never_came_to_be_is_not_counted_for_ever(
    shared: Shared, limits: ModuleType, worker: Any
) -> None:
    """An exception between the two steps: the next call of this worker gives the counts back."""
    assert limits.admit(CallFacts(TENANT, ANN), worker) is None
    assert limits.admit(CallFacts(TENANT, BOB), worker) is None
    limits.attach(worker)
    assert shared.up() == {"extension:102@a.example": 1, "tenant:3": 1, "relay": 1}


def test_a_call_that_goes_on_over_another_trunk_changes_its_counters(
    shared: Shared, limits: ModuleType, worker: Any
) -> None:
    limits.admit(CallFacts(TENANT, ANN, trunk=Extent(1, 5)), worker)
    limits.attach(worker)
    refused = limits.readmit(CallFacts(TENANT, ANN, trunk=Extent(2, 0)), worker)
    assert (refused.rule, refused.code) == ("limits.trunk", 403)
    assert shared.up()["trunk:1"] == 1
    assert limits.readmit(CallFacts(TENANT, ANN, trunk=Extent(3, 1)), worker) is None
    assert shared.up() == {"extension:101@a.example": 1, "trunk:3:tenant:3": 1, "trunk:3": 1, "tenant:3": 1, "relay": 1}
    limits.release()
    assert shared.up() == {}


def test_a_counter_that_fails_never_looks_like_room(
    shared: Shared, limits: ModuleType, worker: Any, kamailio: Any
) -> None:
    """Kamailio 6 answers False to a mistaken call."""
    kamailio.answers["htable.sht_inc"] = False
    assert limits.admit(CallFacts(TENANT, ANN), worker).rule == "limits.caller"


def test_a_suspension_is_obeyed_with_the_next_call_and_spares_emergencies(
    shared: Shared, limits: ModuleType, worker: Any, tmp_path: Path
) -> None:
    outside = CallFacts(TENANT, ANN, trunk=Extent(5), suspendable=True)
    assert limits.admit(outside, worker) is None
    writer = SuspensionWriter(tmp_path)
    writer.replace_all(["extension:101@a.example"])
    assert limits.admit(outside, worker) is SUSPENDED
    assert limits.admit(outside._replace(emergency=True), worker) is None
    assert limits.admit(CallFacts(TENANT, ANN, BOB), worker) is None
    writer.replace_all([])
    assert limits.admit(outside, worker) is None


def test_who_picks_a_call_up_is_counted_and_whom_it_was_for_no_more(
    shared: Shared, limits: ModuleType, worker: Any
) -> None:
    """Issue 5, items 5 and 11: of those who were rung, the one who talks is in a call; a number outside is nobody."""
    worker.view = SimpleNamespace(subscriber={BOB.aor: BOB, ANN.aor: ANN}.get)
    limits.admit(CallFacts(TENANT, None, ANN), worker)
    limits.attach(worker)
    shared.dialog |= {"$dlg_var(from)": "+49@a.example", "$dlg_var(payer)": "+49@a.example", "$dlg_var(to)": BOB.aor}
    limits.answered(worker)
    assert shared.up() == {f"extension:{BOB.aor}": 1, "tenant:3": 1, "relay": 1}
    shared.dialog["$dlg_var(to)"] = "+49@a.example"
    limits.answered(worker)
    assert shared.up() == {"tenant:3": 1, "relay": 1}
    limits.release()
    assert shared.up() == {}


def test_a_picker_needs_room_for_one_more_call(shared: Shared, limits: ModuleType, kamailio: Any) -> None:
    kamailio.answers["htable.sht_get"] = lambda table, key: shared.counts[key]
    shared.counts[f"extension:{ANN.aor}"] = 1
    assert limits.objection_to_picker(ANN) is None
    shared.counts[f"extension:{ANN.aor}"] = 2
    assert (limits.objection_to_picker(ANN).rule, limits.objection_to_picker(BOB)) == ("limits.caller", None)


def test_a_call_that_goes_on_without_its_payer_leaves_it_free(
    shared: Shared, limits: ModuleType, worker: Any, kamailio: Any
) -> None:
    """ADR 13: it counts against the limit of whoever forwarded or transferred it, who is in no call by that."""
    kamailio.answers["htable.sht_get"] = lambda table, key: shared.counts[key]
    limits.admit(CallFacts(TENANT, None, BOB, payer=ANN), worker)
    limits.attach(worker)
    shared.dialog |= {"$dlg_var(from)": "+49@a.example", "$dlg_var(payer)": ANN.aor, "$dlg_var(to)": BOB.aor}
    limits.answered(worker)
    assert shared.counts[f"extension:{ANN.aor}"] == 1
    held = shared.dialog.pop("$dlg_var(counted)")
    assert [limits.calls_besides(aor) for aor in (ANN.aor, BOB.aor)] == [1, 1]
    assert [limits.is_talking_besides(aor) for aor in (ANN.aor, BOB.aor)] == [False, True]
    shared.dialog |= {"$dlg_var(counted)": held, "$dlg_var(to)": ANN.aor}
    worker.view = SimpleNamespace(subscriber={ANN.aor: ANN}.get)
    limits.answered(worker)  # the one who forwarded takes it himself, as a member of the group that it went to
    assert shared.up() == {f"extension:{ANN.aor}": 1, "tenant:3": 1, "relay": 1}
    limits.pays_on(ANN.aor)
    shared.dialog.pop("$dlg_var(counted)")
    assert not limits.is_talking_besides(ANN.aor)


def test_the_call_at_hand_makes_nobody_busy_but_its_caller(shared: Shared, limits: ModuleType, kamailio: Any) -> None:
    """It rang in vain where it may ring again, as at a member of a group."""
    kamailio.answers["htable.sht_get"] = lambda table, key: int(key.startswith("extension:"))
    shared.dialog |= {"$dlg_var(counted)": f"extension:{ANN.aor} extension:{BOB.aor}", "$dlg_var(from)": BOB.aor}
    assert [limits.is_talking_besides(aor) for aor in (ANN.aor, BOB.aor)] == [False, True]


@pytest.mark.parametrize(("side", "over_link", "refused"), [("CORE", 0, True), ("SBC", 0, False), ("SBC", 1, True)])
def test_what_is_left_in_a_relay_is_for_calls_for_help(
    shared: Shared,
    limits: ModuleType,
    worker: Any,
    kamailio: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    side: str,
    over_link: int,
    refused: bool,
) -> None:
    """Issue 5, "Limits"; attack case 81. A call through the SBC takes room in both relays."""
    monkeypatch.setattr(limits.ksr, "over_link", lambda: bool(over_link))
    RelayRoomWriter(tmp_path).tell(Side[side], time.monotonic(), 0)
    objection = limits.admit(CallFacts(TENANT, ANN), worker)
    assert (objection.rule if objection else "") == ("limits.relay" if refused else "")
    assert limits.admit(CallFacts(TENANT, ANN, emergency=True), worker) is None


@pytest.mark.parametrize(
    ("side", "hop", "passed"),
    [
        ("CORE", "sip:101@192.0.2.7:5060", 2),
        ("SBC", "sip:flow@127.0.0.1:5069;transport=tls;speaks=udp;flow=a", 2),
        ("SBC", "sip:101@192.0.2.7:5060", 5),
    ],
)
def test_calls_of_one_second_take_no_more_than_the_room_that_was_left(
    kamailio: Kamailio, worker: Any, tmp_path: Path, side: str, hop: str, passed: int
) -> None:
    """Issue 5, "Limits"; attack case 81. Between two looks of the guard several extensions at once took what was kept
    for help, and calls to phones at the SBC did not heed its reserve at all.
    """
    mediaroom = importlib.import_module("ringfence.signaling.relay.mediaroom")
    counts: dict[str, int] = {}

    def count(_: str, key: str) -> int:
        counts[key] = counts.get(key, 0) + 1
        return counts[key]

    values = {"$du": hop}
    kamailio.answers = {"pv.get": values.get, "htable.sht_inc": count}
    room = RelayRoomWriter(tmp_path)
    room.tell(Side[side], time.monotonic(), 2)
    assert [mediaroom.takes_branch(worker) for _ in range(5)].count(True) == passed
    room.tell(Side[side], time.monotonic(), 1)
    assert mediaroom.takes_branch(worker), "what the guard saw since is counted anew"
    values["$dlg_var(emergency)"] = "1"
    assert all(mediaroom.takes_branch(worker) for _ in range(5))
