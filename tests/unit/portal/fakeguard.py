"""A guard of our own for tests: speaks the real protocol on a real Unix socket, keeps what it was told."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


class FakeGuard:
    """Answers verbs from `answers`; a verb with a list in `errors` is refused with (id, field, message)."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.errors: dict[str, tuple[str, str, str]] = {}
        self.events: list[dict[str, Any]] = []
        self.answers: dict[str, Any] = {
            "bans.list": [],
            "registrations.list": [],
            "calls.list": [],
            "status": {"bans": 0},
            "never-block.list": [{"cidr": "127.0.0.0/8", "name": "the loopback address"}],
        }
        self._server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)

    def start(self) -> None:
        self.path.unlink(missing_ok=True)
        self._server.bind(str(self.path))
        self._server.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.path.unlink(missing_ok=True)

    def verbs(self) -> list[str]:
        return [verb for verb, _ in self.asked]

    def _serve(self) -> None:
        while True:
            try:
                link, _ = self._server.accept()
            except OSError:
                return
            with suppress(OSError), link, link.makefile("rb") as lines:  # whoever asked may be gone by now
                if not (line := lines.readline()):
                    continue
                question = json.loads(line)
                link.sendall(json.dumps(self._answer(question["verb"], question["args"])).encode() + b"\n")

    def _answer(self, verb: str, args: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((verb, args))
        if verb in self.errors:
            error_id, field, message = self.errors[verb]
            return {"ok": False, "error": {"id": error_id, "field": field, "message": message}}
        if verb == "events.since":
            return {"ok": True, "data": self._events_since(args)}
        if verb == "bans.page":
            return {"ok": True, "data": self._bans_page()}
        if verb == "bans.own":
            return {"ok": True, "data": self._bans_page("bans.own")}
        if verb == "registrations.page":
            return {"ok": True, "data": self._page_of_registrations(args)}
        return {"ok": True, "data": self.answers.get(verb, {})}

    def _page_of_registrations(self, args: dict[str, Any]) -> dict[str, Any]:
        """As the real one: by address, of one domain, after or before a place."""
        fits = [item for item in self.answers["registrations.list"] if item["aor"].endswith(args["domain"])]
        found = sorted((item for item in fits if args["search"] in item["aor"]), key=lambda item: str(item["aor"]))
        start = sum(item["aor"] <= args["after"] for item in found) if args["after"] else 0
        if args["before"]:
            start = max(0, sum(item["aor"] < args["before"] for item in found) - args["limit"])
        end = start + args["limit"]
        return {
            "registrations": found[start:end], "count": len(found),
            "has_previous": start > 0, "has_next": end < len(found),
        }  # fmt: skip

    def _bans_page(self, verb: str = "bans.list") -> dict[str, Any]:
        bans = [{"place": ban["address"], **ban} for ban in self.answers.get(verb, [])]
        return {"bans": bans, "count": len(bans), "has_previous": False, "has_next": False}

    def _events_since(self, args: dict[str, Any]) -> dict[str, Any]:
        last = self.events[-1]["id"] if self.events else 0
        found = [event for event in self.events if event["id"] > args["cursor"] and event["kind"] in args["kinds"]]
        found = found[: args["limit"]]
        return {"events": found, "cursor": found[-1]["id"] if found else max(args["cursor"], last), "last": last}


@contextmanager
def answering(path: Path, answers: dict[str, Any]) -> Iterator[FakeGuard]:
    """A process beside the portal that answers these verbs there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fake = FakeGuard(path)
    fake.answers |= answers
    fake.start()
    yield fake
    fake.stop()
