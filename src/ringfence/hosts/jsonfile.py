"""Small files of settings that one process writes and others read: replaced in one step, so that nobody reads half."""

import json
import os
from pathlib import Path
from typing import Any


def replace_json(path: Path, document: Any, mode: int | None = None) -> None:
    """Puts the document there, on disk before it gets its name; `mode` for other accounts. Raises OSError."""
    staged = path.with_suffix(".staged")
    with staged.open("w", encoding="utf-8") as stream:
        json.dump(document, stream)
        stream.flush()
        os.fsync(stream.fileno())
    if mode is not None:
        staged.chmod(mode)
    staged.replace(path)
