"""Questions to a process that changes an engine: one JSON line over a Unix socket, one back, as the guard answers."""

import json
import logging
import socketserver
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

LONGEST_LINE: Final = 256 * 1024
QUESTION_SECONDS: Final = 5.0

type Args = dict[str, Any]
type Answer = dict[str, Any]

log = logging.getLogger("questions")


class Refusal(Exception):
    """A question that is answered with no: the rule, the argument it concerns, a sentence for people."""

    def __init__(self, rule: str, field: str, message: str) -> None:
        super().__init__(message)
        self.rule, self.field, self.message = rule, field, message


class Desk(Protocol):
    """Answers for one engine. Questions come one after the other."""

    def verbs(self) -> Mapping[str, Callable[[Args], Answer]]:
        """What can be asked."""


class Listener(socketserver.UnixStreamServer):
    """The Unix socket, with the desk that its questions go to."""

    def __init__(self, path: Path, desk: Desk) -> None:
        path.unlink(missing_ok=True)
        super().__init__(str(path), Question)
        self.desk = desk


class Question(socketserver.StreamRequestHandler):
    timeout = QUESTION_SECONDS

    def handle(self) -> None:
        assert isinstance(self.server, Listener)
        try:
            line = self.rfile.readline(LONGEST_LINE)
            self.wfile.write(json.dumps(answered(self.server.desk, line)).encode() + b"\n")
        except OSError as error:
            log.warning("a question was not finished: %s", error)


def answered(desk: Desk, line: bytes) -> Answer:
    """The answer to one line; a refusal is an answer too."""
    try:
        question = json.loads(line)
        return {"ok": True, "data": desk.verbs()[question["verb"]](question.get("args") or {})}
    except Refusal as refusal:
        return _no(refusal.rule, refusal.field, refusal.message)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return _no("request.syntax", "", f"This is no question: {error}")
    except OSError as error:
        log.error("%s", error)
        return _no("engine.disk", "", f"Nothing was changed: {error}")


def _no(rule: str, field: str, message: str) -> Answer:
    return {"ok": False, "error": {"id": rule, "field": field, "message": message}}


def text_of(args: Args, name: str) -> str:
    """A text argument; "" when it is missing. Raises Refusal."""
    value = args.get(name, "")
    if not isinstance(value, str):
        raise Refusal("request.text", name, f"{name} must be text.")
    return value
