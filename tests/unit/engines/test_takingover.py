"""The core takes its certificates over while it runs, as long as its memory lasts (issue 6)."""

from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.engines.changing import takingover
from ringfence.engines.changing.takingover import ROOM, take_over
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import Sbc, write_sbc
from tests.unit.engines.systems import a_system


class Core:
    """What it was asked, and what it answers."""

    def __init__(self, free: int, refusals: int = 0) -> None:
        self.free, self.refusals = free, refusals
        self.asked: list[str] = []
        self.started = 0

    def answer(self, _: Path, command: str, *_values: str) -> str | None:
        self.asked.append(command)
        if command == "core.shmmem":
            return f"{{\n\ttotal: 268435456\n\tfree: {self.free}\n}}"
        self.refusals -= 1
        return None if self.refusals >= 0 else "Ok."

    def start(self, *_: object) -> str:
        self.started += 1
        return ""


def took_over(core: Core, monkeypatch: pytest.MonkeyPatch, folder: Path) -> bool:
    monkeypatch.setattr(takingover, "_asked", core.answer)
    monkeypatch.setattr(takingover, "restart_core", core.start)
    monkeypatch.setattr(takingover, "ASK_AGAIN", 0.0)
    monkeypatch.setattr(takingover, "TAKEN_WITHIN", 0.2)
    return take_over(replace(a_system(), paths=Paths(state=folder, run=folder)))


def test_connections_stay_while_there_is_room(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    core = Core(free=ROOM)
    assert took_over(core, monkeypatch, tmp_path)
    assert (core.asked, core.started) == (["core.shmmem", "tls.reload"], 0)


def test_without_room_the_core_starts_anew_before_calls_suffer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    core = Core(free=ROOM - 1)
    assert took_over(core, monkeypatch, tmp_path)
    assert (core.asked, core.started) == (["core.shmmem"], 1)


def test_a_core_that_is_starting_is_asked_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert took_over(Core(free=ROOM, refusals=2), monkeypatch, tmp_path)


def test_a_core_that_refuses_did_not_take_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert not took_over(Core(free=ROOM, refusals=10**9), monkeypatch, tmp_path)


def test_an_sbc_beside_a_core_that_starts_anew_takes_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A revoked certificate would be good there for ever."""
    write_sbc(Paths(state=tmp_path, run=tmp_path).sbc_switch, Sbc(enabled=True))
    core = Core(free=ROOM - 1)
    assert took_over(core, monkeypatch, tmp_path)
    assert (core.asked, core.started) == (["core.shmmem", "core.kill", "core.shmmem"], 1)
