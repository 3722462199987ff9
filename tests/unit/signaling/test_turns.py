"""Calls outside of one payer are judged one after the other (docs/adr/0022; attack case 111)."""

import importlib
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import pytest

from ringfence.policy.book import Subscriber
from ringfence.policy.model import CallOutside
from ringfence.store.suspensions import SuspensionReader, SuspensionWriter
from tests.unit.signaling.fake_kamailio import loaded

ANN: Final = Subscriber("101@a.example", 3, 1, "r", True, "Ann", "x", "y")
CALL: Final = CallOutside("outbound.rule", ANN, "+4930123456", "Germany", ())


@pytest.fixture
def turns() -> Iterator[ModuleType]:
    counts: Counter[str] = Counter()
    texts: dict[str, str] = {}
    with loaded() as kamailio:
        kamailio.answers = {
            "htable.sht_inc": lambda table, key: counts.update([key]) or counts[key],
            "htable.sht_get": lambda table, key: texts.get(key),
            "htable.sht_sets": lambda table, key, value: texts.__setitem__(key, value),
        }
        yield importlib.import_module("ringfence.signaling.calling.turns")


@pytest.fixture
def guard(tmp_path: Path) -> SuspensionWriter:
    writer = SuspensionWriter(tmp_path)
    writer.tell_judged(time.monotonic())
    return writer


@pytest.fixture
def worker(tmp_path: Path, guard: SuspensionWriter) -> Any:
    return SimpleNamespace(suspensions=SuspensionReader(tmp_path), impatient_until=0.0)


def _waited(turns: ModuleType, call: CallOutside, worker: Any) -> bool:
    began = time.monotonic()
    turns.take(call, worker)
    return time.monotonic() - began >= turns.LONGEST_WAIT


def test_a_call_alone_waits_for_nothing(turns: ModuleType, worker: Any) -> None:
    assert not _waited(turns, CALL, worker)


def test_the_next_one_waits_until_the_guard_has_charged_the_first(
    turns: ModuleType, worker: Any, guard: SuspensionWriter
) -> None:
    turns.take(CALL, worker)
    turns.end(CALL, to_charge=True)
    assert _waited(turns, CALL, worker)
    worker.impatient_until = 0.0
    turns.end(CALL, to_charge=True)
    guard.tell_judged(time.monotonic())
    assert not _waited(turns, CALL, worker)


def test_it_waits_while_another_worker_judges(turns: ModuleType, worker: Any) -> None:
    turns.take(CALL, worker)
    assert _waited(turns, CALL, worker)


def test_a_refused_call_keeps_nobody_waiting(turns: ModuleType, worker: Any) -> None:
    for _ in range(3):
        assert not _waited(turns, CALL, worker)
        turns.end(CALL, to_charge=False)


def test_a_silent_guard_is_waited_for_once_a_second(turns: ModuleType, worker: Any) -> None:
    turns.end(CALL, to_charge=True)
    assert _waited(turns, CALL, worker)
    turns.end(CALL, to_charge=True)
    assert not _waited(turns, CALL, worker)


def test_others_and_calls_for_help_have_no_part_in_it(turns: ModuleType, worker: Any) -> None:
    turns.end(CALL, to_charge=True)
    assert not _waited(turns, replace(CALL, payer=replace(ANN, aor="102@a.example")), worker)
    assert not _waited(turns, replace(CALL, emergency=True), worker)
