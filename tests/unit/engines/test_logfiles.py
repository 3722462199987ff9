"""A log never grows without bound, its lines go in time, and its writer never notices."""

import json
import os
from pathlib import Path

import pytest

from ringfence.engines.supervision.logfiles import DAY, LARGEST, LogKeeper, LogRules, open_log, read_log_rules

NOW = 1_800_000_000.0
SMALL = LogRules(largest=1000, files=3, days=30)


def written(log: Path, text: bytes = b"line\n") -> None:
    descriptor = open_log(log)
    os.write(descriptor, text)
    os.close(descriptor)


def made_old(file: Path, days: float) -> None:
    os.utime(file, (NOW - days * DAY, NOW - days * DAY))


def test_a_large_log_is_cut_while_its_writer_goes_on(tmp_path: Path) -> None:
    log = tmp_path / "core.log"
    descriptor = open_log(log)
    os.write(descriptor, b"x" * 5000)
    assert LogKeeper(NOW).bound(log, SMALL, NOW)
    os.write(descriptor, b"next\n")
    os.close(descriptor)
    assert log.read_bytes() == b"next\n"
    assert (tmp_path / "core.log.1").stat().st_size == 1000


def test_a_small_or_missing_log_is_left_alone(tmp_path: Path) -> None:
    assert not LogKeeper(NOW).bound(tmp_path / "none.log", SMALL, NOW)
    written(tmp_path / "core.log")
    assert not LogKeeper(NOW).bound(tmp_path / "core.log", SMALL, NOW)


def test_only_so_many_older_files_are_kept(tmp_path: Path) -> None:
    log, keeper = tmp_path / "core.log", LogKeeper(NOW)
    for number in range(6):
        written(log, bytes([65 + number]) * 2000)
        assert keeper.bound(log, SMALL, NOW)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["core.log", "core.log.1", "core.log.2", "core.log.3"]
    assert (tmp_path / "core.log.1").read_bytes()[:1] == b"F"
    keeper.bound(log, LogRules(largest=1000, files=1), NOW)
    assert not (tmp_path / "core.log.2").exists()


def test_a_log_is_put_aside_once_a_day_and_goes_after_its_days(tmp_path: Path) -> None:
    log, keeper = tmp_path / "core.log", LogKeeper(NOW)
    written(log)
    assert not keeper.bound(log, SMALL, NOW + DAY - 1)
    assert keeper.bound(log, SMALL, NOW + DAY + 1)
    assert not keeper.bound(log, SMALL, NOW + 3 * DAY), "there is nothing in it"
    made_old(tmp_path / "core.log.1", 29)
    keeper.bound(log, SMALL, NOW)
    assert (tmp_path / "core.log.1").exists()
    made_old(tmp_path / "core.log.1", 31)
    keeper.bound(log, SMALL, NOW)
    assert not (tmp_path / "core.log.1").exists()


@pytest.mark.parametrize("text", ["", "[]", '{"megabytes": 0, "files": 3, "days": 30}', '{"megabytes": true}'])
def test_nonsense_changes_nothing(tmp_path: Path, text: str) -> None:
    file = tmp_path / "logs.json"
    file.write_text(text)
    assert read_log_rules(file, tmp_path / "none") == LogRules()


def test_rules_are_read_and_logrotate_has_precedence(tmp_path: Path) -> None:
    file, logrotate = tmp_path / "logs.json", tmp_path / "logrotate"
    assert read_log_rules(file, logrotate).largest == LARGEST
    file.write_text(json.dumps({"megabytes": 2, "files": 5, "days": 7}))
    assert read_log_rules(file, logrotate) == LogRules(2 << 20, 5, 7)
    logrotate.touch()
    rules = read_log_rules(file, logrotate)
    assert (rules.largest, rules.files, rules.daily) == (2 << 20, 1, False)
