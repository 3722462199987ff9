"""Talks to the guard over its Unix socket: one JSON line out, one JSON line back."""

import json
import socket
from pathlib import Path
from typing import Any


class GuardRefusal(Exception):
    """The guard said no: the stable id of the error, the argument it concerns, and a sentence for people."""

    def __init__(self, error_id: str, field: str, message: str) -> None:
        super().__init__(message)
        self.error_id = error_id
        self.field = field
        self.message = message


class GuardUnreachable(Exception):
    """The guard does not answer; bans in the kernel stay in force meanwhile."""


def ask(path: Path, verb: str, timeout: float = 3.0, **args: Any) -> Any:
    """The guard's answer to one verb. Raises GuardRefusal or GuardUnreachable. `timeout` is in seconds."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
            link.settimeout(timeout)
            link.connect(str(path))
            link.sendall(json.dumps({"verb": verb, "args": args}).encode() + b"\n")
            with link.makefile("rb") as stream:
                answer = json.loads(stream.readline())
    except (OSError, ValueError) as error:
        raise GuardUnreachable(f"the guard does not answer at {path}: {error}") from error
    if answer.get("ok"):
        return answer.get("data")
    problem = answer.get("error", {})
    error_id, field, message = (str(problem.get(name, "")) for name in ("id", "field", "message"))
    raise GuardRefusal(error_id or "guard.error", field, message)
