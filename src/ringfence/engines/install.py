"""Puts engine files in place: stage, check, swap, reload, back again if that fails. Equal text: nothing happens."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

type Check = Callable[[Path], str]
"""Looks at a staged file; the engine's complaint, or nothing."""

type Reload = Callable[[], str]
"""Makes the engine read its file; its complaint, or nothing."""


class EngineRefused(Exception):
    """An engine refused its new file. The old one is in force."""


@dataclass(frozen=True, slots=True)
class EngineFile:
    """A rendered file, where it goes, who may read it, and how the engine checks it."""

    path: Path
    text: str
    owner: str
    check: Check
    mode: int = 0o640

    @property
    def staged(self) -> Path:
        return self.path.with_name(f"{self.path.name}.staged")

    @property
    def previous(self) -> Path:
        return self.path.with_name(f"{self.path.name}.previous")

    def is_in_force(self) -> bool:
        return self.path.exists() and self.path.read_text(encoding="utf-8") == self.text


def install(files: Sequence[EngineFile], reload: Reload) -> tuple[Path, ...]:
    """All files or none. The paths that changed; raises EngineRefused with the engine's own words."""
    changed = [file for file in files if not file.is_in_force()]
    if not changed:
        return ()
    for file in changed:
        _stage(file)
    for file in changed:
        complaint = file.check(file.staged)
        if complaint:
            for each in changed:
                each.staged.unlink()
            raise EngineRefused(f"{file.path.name} was refused, the old one stays in force:\n{complaint}")
    for file in changed:
        _swap(file)
    complaint = reload()
    if complaint:
        for file in changed:
            roll_back(file)
        after = reload()
        raise EngineRefused(
            f"rolled back, the engine did not take it: {complaint}" + (f" (now: {after})" if after else "")
        )
    return tuple(file.path for file in changed)


def roll_back(file: EngineFile) -> None:
    """The previous file takes its place again; without one the refused file is taken away."""
    if file.previous.exists():
        os.replace(file.previous, file.path)
    else:
        file.path.unlink(missing_ok=True)


def _stage(file: EngineFile) -> None:
    file.staged.unlink(missing_ok=True)
    descriptor = os.open(file.staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(file.text)
        stream.flush()
        os.fsync(stream.fileno())
    if file.owner:
        shutil.chown(file.staged, file.owner)
    file.staged.chmod(file.mode)


def _swap(file: EngineFile) -> None:
    if file.path.exists():
        os.replace(file.path, file.previous)
    os.replace(file.staged, file.path)
