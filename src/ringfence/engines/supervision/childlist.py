"""The list of children on disk: the supervisor may be restarted alone and must then know the same ones."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from ringfence.engines.supervision.child import Child


def write_children(path: Path, wanted: tuple[Child, ...]) -> None:
    """Replaces it in one step; only root reads it, since it holds what the processes are told."""
    staged = path.with_suffix(".staged")
    staged.write_text(json.dumps([dataclasses.asdict(child) for child in wanted], indent=1), encoding="utf-8")
    staged.chmod(0o600)
    staged.replace(path)


def read_children(path: Path) -> tuple[Child, ...]:
    document: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return tuple(_child(entry) for entry in document)


def _child(entry: dict[str, Any]) -> Child:
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    values["environment"] = tuple((str(name), str(value)) for name, value in entry["environment"])
    return Child(**values)
