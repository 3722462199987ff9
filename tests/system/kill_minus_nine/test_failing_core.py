"""A core that cannot start says why, and a process that hangs comes back (issue 2)."""

import json
import os
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab.hanging import hang
from ringfence.lab.product import within

pytestmark = pytest.mark.restarts

HANGS_FOR = 40.0
"""Seconds until one that is stopped is back, on a machine that has more to do."""

WAITS = 30.0
"""Seconds for starts that fail or succeed: each of the core begins with a program of its own that reads the journal."""


def standing(pbx: Any) -> dict[str, str]:
    return {alarm["id"]: alarm["message"] for alarm in pbx.product.guard("alarms.list")}


@pytest.fixture
def broken_core(pbx: Any) -> Iterator[int]:
    """Its file names a module that is not there, as after an update that went half way; its number before."""
    file, before = pbx.product.paths.core_config, pbx.product.process_ids()["core"]
    whole = file.read_bytes()
    file.write_bytes(whole.replace(b'loadmodule "tm.so"', b'loadmodule "gone.so"'))
    os.kill(before, signal.SIGKILL)
    yield before
    file.write_bytes(whole)
    within(WAITS, lambda: pbx.product.is_ready("core"), "the core is back")


def core_in_status(pbx: Any) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [row for row in pbx.product._children() if row["name"] == "core"]
    return rows[0]


@pytest.mark.usefixtures("broken_core")
def test_a_core_that_cannot_start_tells_why_in_status_alarm_and_doctor_and_is_silent_once_it_starts(pbx: Any) -> None:
    row, _ = within(WAITS, lambda: (row := core_in_status(pbx))["failed"] >= 3 and row, "it fails again and again")
    assert "could not find module <gone>" in row["reason"]
    told = pbx.product.command("status")
    assert told.returncode == 1
    assert "core ended" in told.stdout and "<gone>" in told.stdout
    found = json.loads(pbx.product.command("doctor", "--json", timeout=90).stdout)["findings"]
    assert "host.parts" in [finding["id"] for finding in found]
    within(5, lambda: "<gone>" in standing(pbx).get("process.start.core", ""), "an alarm with its words")


def test_the_core_that_starts_after_that_is_silent(pbx: Any, broken_core: int) -> None:
    """An attacker's packet buys no line, however the core was started."""
    within(WAITS, lambda: core_in_status(pbx)["failed"] >= 2, "it fails")
    file = pbx.product.paths.core_config
    file.write_bytes(file.read_bytes().replace(b'loadmodule "gone.so"', b'loadmodule "tm.so"'))
    within(WAITS, lambda: core_in_status(pbx)["state"] == "ready", "the core is back")
    assert core_in_status(pbx)["failed"] == 0
    assert pbx.product.process_ids()["core"] != broken_core
    assert pbx.product.kamcmd("cfg.get", "core", "debug").strip() == "-2"


@pytest.mark.parametrize("name", ["guard", "voice", "core"])
def test_a_process_that_hangs_is_ended_and_comes_back(pbx: Any, name: str) -> None:
    before = pbx.product.process_ids()[name]
    victim = max(pbx.product.core_workers() - {before}) if name == "core" else before
    hang(victim)
    try:
        within(HANGS_FOR, lambda: pbx.product.process_ids()[name] not in (0, before), f"{name} is ended")
    except BaseException:
        os.kill(victim, signal.SIGCONT)
        raise
    within(WAITS, lambda: pbx.product.is_ready(name), f"{name} is back")
    within(5, lambda: f"process.ended.{name}" in standing(pbx), "an alarm")
