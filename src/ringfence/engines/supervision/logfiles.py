"""Bounded log files for processes that write to them directly.

A child writes to the file itself, not through the supervisor, so it goes on when the supervisor is killed. The file is
opened for appending, so it can be copied and cut while the child keeps writing; a few lines may be lost in that moment.
"""

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

LARGEST: Final = 8 << 20
"""Bytes of one log file; older ones of at most the same size are kept beside it."""

DAY: Final = 86_400.0
LOGROTATE: Final = Path("/etc/logrotate.d/ringfence")
BOUNDS: Final = {"megabytes": (1, 1024), "files": (1, 60), "days": (1, 3650)}


@dataclass(frozen=True, slots=True)
class LogRules:
    """What is kept of each log: the size of a file in bytes, how many older ones, and for how many days.

    `daily`: a file with something in it is put aside once a day, so that its lines can be deleted in time.
    """

    largest: int = LARGEST
    files: int = 3
    days: int = 30
    daily: bool = True


def read_log_rules(path: Path, logrotate: Path = LOGROTATE) -> LogRules:
    """What the portal wrote; the usual rules while the file is missing or holds nonsense. Where logrotate looks after
    the files, their size alone is bounded here.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        megabytes, files, days = (_bounded(stored, name) for name in BOUNDS)
        rules = LogRules(megabytes << 20, files, days)
    except (OSError, ValueError, KeyError, TypeError):
        rules = LogRules()
    return LogRules(rules.largest, 1, BOUNDS["days"][1], daily=False) if logrotate.exists() else rules


def _bounded(stored: Any, name: str) -> int:
    lowest, highest = BOUNDS[name]
    value = stored[name]
    if type(value) is not int or not lowest <= value <= highest:
        raise ValueError(name)
    return value


def open_log(path: Path) -> int:
    """A descriptor to give a child as its standard output and error."""
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)


class LogKeeper:
    """Bounds log files by their rules, again and again."""

    def __init__(self, since: float) -> None:
        self._since = since

    def bound(self, path: Path, rules: LogRules, now: float) -> bool:
        """Puts the file aside if it is too large or a day old, and deletes what is too old; True if it was cut."""
        cut = path.exists() and (path.stat().st_size > rules.largest or self._is_a_day_old(path, rules, now))
        if cut:
            _put_aside(path, rules, now)
        self._delete_old(path, rules, now)
        return cut

    def _is_a_day_old(self, path: Path, rules: LogRules, now: float) -> bool:
        if not rules.daily or path.stat().st_size == 0:
            return False
        newest = older(path, 1)
        return now - (newest.stat().st_mtime if newest.exists() else self._since) > DAY

    def _delete_old(self, path: Path, rules: LogRules, now: float) -> None:
        for file in path.parent.glob(f"{path.name}.*"):
            number = file.name.removeprefix(f"{path.name}.")
            if number.isdigit() and (int(number) > rules.files or now - file.stat().st_mtime > rules.days * DAY):
                file.unlink(missing_ok=True)


def older(path: Path, number: int) -> Path:
    """The file that was put aside so many times ago."""
    return path.with_name(f"{path.name}.{number}")


def _put_aside(path: Path, rules: LogRules, now: float) -> None:
    """Keeps the newest part of the file beside it and empties it; the oldest of the older files goes."""
    for number in range(rules.files, 1, -1):
        if older(path, number - 1).exists():
            os.replace(older(path, number - 1), older(path, number))
    target_path = older(path, 1)
    with path.open("rb") as source, target_path.open("wb") as target:
        source.seek(max(0, source.seek(0, os.SEEK_END) - rules.largest))
        shutil.copyfileobj(source, target)
    target_path.chmod(0o640)
    os.utime(target_path, (now, now))
    os.truncate(path, 0)
