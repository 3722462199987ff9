"""Asks the media relay which calls it still carries (the ng protocol of rtpengine, bencoded)."""

import json
import os
import socket
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ringfence import ng
from ringfence.hosts import ports

PATIENCE: Final = 0.3
UNKNOWN: Final = b"Unknown call"
LONGEST_ANSWER: Final = 65_536
MOST_NAMES: Final = 800
"""As many as fit into one answer."""


class Relay:
    """A relay that does not answer says nothing about any call."""

    def __init__(self, port: int = ports.RTPENGINE_CONTROL) -> None:
        self._address = ("127.0.0.1", port)

    def forgotten(self, call_ids: Iterable[str]) -> list[str]:
        """Which of these SIP Call-IDs the relay carries no media for: it ends a call whose media has stopped."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.settimeout(PATIENCE)
            link.connect(self._address)
            found = []
            for call_id in call_ids:
                answer = _ask(link, call_id)
                if not answer:
                    return []
                if UNKNOWN in answer:
                    found.append(call_id)
        return found

    def names(self) -> list[str] | None:
        """What it calls the calls that it carries; None when it does not say, or has more of them than it can."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.settimeout(PATIENCE)
            link.connect(self._address)
            answer = decoded(_told(link, b"d7:command4:list5:limiti%dee" % MOST_NAMES).partition(b" ")[2])
        calls = answer.get("calls") if isinstance(answer, dict) else None
        return [str(name) for name in calls] if isinstance(calls, list) and len(calls) < MOST_NAMES else None

    def statistics(self) -> dict[str, Any]:
        """What the relay counts; empty when it does not answer."""
        cookie = os.urandom(8).hex().encode()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.settimeout(PATIENCE)
            link.connect(self._address)
            try:
                link.send(cookie + b' {"command": "statistics"}')
                answer = link.recv(LONGEST_ANSWER)
                found = json.loads(answer.removeprefix(cookie))["statistics"]
            except (OSError, ValueError, KeyError, TypeError):
                return {}
        return found if isinstance(found, dict) else {}

    def reports(self, call_ids: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """What the relay says of each of these SIP Call-IDs, by the same keys; nothing of those it does not know."""
        found: dict[str, dict[str, Any]] = {}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.settimeout(PATIENCE)
            link.connect(self._address)
            for key, call_id in call_ids.items():
                answer = _ask(link, call_id)
                if not answer:
                    break
                report = decoded(answer.partition(b" ")[2])
                if isinstance(report, dict) and report.get("result") == "ok":
                    found[key] = report
        return found


def decoded(raw: bytes) -> Any:
    """A dictionary in bencode; None for what is none.

    >>> decoded(b"d3:abcli1e2:xyee")
    {'abc': [1, 'xy']}
    """
    try:
        return ng.decode(raw)
    except ng.Garbled:
        return None


def _ask(link: socket.socket, call_id: str) -> bytes:
    name = call_id.encode()
    return _told(link, b"d7:call-id%d:%s7:command5:querye" % (len(name), name))


def _told(link: socket.socket, question: bytes) -> bytes:
    cookie = os.urandom(8).hex().encode()
    try:
        link.send(cookie + b" " + question)
        answer = link.recv(LONGEST_ANSWER)
    except OSError:
        return b""
    return answer if answer.startswith(cookie) else b""
