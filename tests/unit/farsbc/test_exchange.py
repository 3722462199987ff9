"""Bans between the core's guard and that of the SBC's host (issue 6): each hears of the other's, and the core rules."""

import asyncio
import json
import socket
import time
from pathlib import Path
from typing import Any

import pytest

from ringfence.farsbc import exchange
from ringfence.farsbc.exchange import Desk, Exchange, ExchangeEnded
from ringfence.guardlink import GuardRefusal, GuardUnreachable

NOBODY = {"after_registered": 0, "after_called": 0, "registered": [], "named": [], "legs": []}

PARTS = [f"2001:db8:0:1:aaaa:bbbb:cccc:{n:x}/128" for n in range(90)]


class Guard:
    """What a guard answers, in memory."""

    def __init__(self, *bans: dict[str, Any], refuses: str = "") -> None:
        self.bans = {ban["address"]: ban for ban in bans}
        self.refuses = refuses
        self.named: dict[str, Any] = {}
        self.spare: list[str] = []
        self.spares: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []

    def ask(self, _: Path, verb: str, __: float = 0, **args: Any) -> Any:
        match verb:
            case "events.since":
                time.sleep(args.get("wait", 0))
                return {"events": [], "cursor": 0, "last": 0, "oldest": 0}
            case "media.named":
                time.sleep(args["wait"])
                return {**NOBODY, **self.named}
            case "media.told":
                self.told.append(args)
            case "bans.spare":
                return list(self.spare)
            case "bans.told-spare":
                self.spares.append(args)
            case "bans.list":
                return list(self.bans.values())
            case "bans.explain":
                return {"ban": self.bans.get(args["address"])}
            case "bans.add" if args["address"] == self.refuses:
                raise GuardRefusal("bans.never_block", "address", "never blocked")
            case "bans.add":
                self.bans[args["address"]] = {**args, "scope": "sip", "seconds_left": args["seconds"]}
            case "bans.lift":
                self.bans.pop(args["address"])
        return {}


def ban(address: str, by: str = "guard") -> dict[str, Any]:
    return {"address": address, "by": by, "scope": "sip", "rule": "r", "reason": "why", "seconds_left": 60.0}


def told(
    monkeypatch: pytest.MonkeyPatch, guard: Guard, *lines: Any, rules: bool, asking: Any = None
) -> list[dict[str, Any]]:
    """What one end says while it hears these lines, and then the end of the connection."""
    monkeypatch.setattr(exchange, "ask", asking or guard.ask)
    monkeypatch.setattr(exchange, "HEARTBEAT", 0.01)
    monkeypatch.setattr(exchange, "NAMED_EVERY", 0.05)

    async def run() -> bytes:
        near, other = socket.socketpair()
        other.setblocking(False)
        reader, writer = await asyncio.open_connection(sock=near, limit=exchange.LONGEST_LINE)
        working = asyncio.create_task(Exchange(Desk(Path("guard"), "the other", rules), reader, writer).run())
        loop, said = asyncio.get_running_loop(), b""
        while b'"whole"' not in said:
            said += await loop.sock_recv(other, 65_536)
        for line in lines:
            await loop.sock_sendall(other, line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n")
        await asyncio.sleep(0.2)
        other.shutdown(socket.SHUT_WR)
        with pytest.raises(ExchangeEnded):
            await asyncio.wait_for(working, 5)
        said += await loop.sock_recv(other, 65_536)
        other.close()
        return said

    return [json.loads(line) for line in asyncio.run(run()).splitlines()]


def test_its_own_bans_are_told_and_those_of_the_other_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard(ban("192.0.2.1"), ban("192.0.2.2", "the other"), {**ban("192.0.2.3"), "scope": "web"})
    said = told(monkeypatch, guard, rules=True)
    assert [line for line in said if line and "media" not in line] == [
        {"spare": {"begin": True, "parts": [], "end": True}},
        {"ban": "192.0.2.1", "seconds": 60, "rule": "r", "reason": "why"},
        {"whole": True},
    ]


def test_what_a_ban_spares_is_told_before_it_and_when_it_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 57, ADR 12: so the SBC's host drops the neighbours, and never whom an allow entry names."""
    guard = Guard(ban("2001:db8:0:1::/64"))
    guard.spare = PARTS

    def ask(_: Path, verb: str, __: float = 0, **args: Any) -> Any:
        if verb == "events.since" and args.get("wait"):
            guard.spare = []
        return guard.ask(_, verb, __, **args)

    said = told(monkeypatch, guard, rules=True, asking=ask)
    assert [line for line in said if line and "media" not in line] == [
        {"spare": {"begin": True, "parts": [*PARTS[:60]], "end": False}},
        {"spare": {"begin": False, "parts": [*PARTS[60:]], "end": True}},
        {"ban": "2001:db8:0:1::/64", "seconds": 60, "rule": "r", "reason": "why"},
        {"whole": True},
        {"spare": {"begin": True, "parts": [], "end": True}},
    ]
    assert max(len(json.dumps(line)) for line in said) < exchange.LONGEST_LINE


@pytest.mark.parametrize("rules", [True, False])
def test_the_core_alone_says_what_bans_spare(monkeypatch: pytest.MonkeyPatch, rules: bool) -> None:
    """A taken SBC's host frees nobody at the core."""
    guard = Guard()
    part = {"begin": True, "parts": ["2001:db8::5/128"], "end": True}
    said = told(monkeypatch, guard, {"spare": {**part, "x": 1}}, rules=rules)
    assert guard.spares == ([] if rules else [part])
    assert any("spare" in line for line in said) == rules


def test_the_core_alone_names_who_may_send_media(monkeypatch: pytest.MonkeyPatch) -> None:
    """Case 71, ADR 71: in parts that fit into a line, the first and the last one marked; a taken SBC's host names
    nobody to the core."""
    guard = Guard()
    guard.named = {
        "registered": [f"2001:db8:aaaa:bbbb:cccc:dddd:eeee:{n:x}" for n in range(90)],
        "legs": ["x" * 80] * 30,
    }
    said = told(monkeypatch, guard, {"media": {"begin": True, "named": ["192.0.2.9"], "end": True}}, rules=True)
    parts = [line["media"] for line in said if "media" in line]
    assert [(part["begin"], part["end"]) for part in parts[:3]] == [(True, False), (False, False), (False, True)]
    assert [len(part.get("registered", [])) for part in parts[:3]] == [40, 40, 10]
    assert max(len(json.dumps(line)) for line in said) < exchange.LONGEST_LINE
    assert guard.told == []


def test_what_the_core_names_is_told_on(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard()
    said = told(
        monkeypatch, guard, {"media": {"begin": True, "named": ["192.0.2.9"], "end": True, "x": 1}}, rules=False
    )
    assert guard.told == [{"begin": True, "named": ["192.0.2.9"], "end": True}]
    assert not [line for line in said if "media" in line]


def test_what_the_other_had_before_and_has_no_more_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard(ban("192.0.2.1"), ban("192.0.2.2", "the other"), ban("192.0.2.3", "the other"))
    told(
        monkeypatch,
        guard,
        {"ban": "192.0.2.3", "seconds": 9},
        {"ban": "192.0.2.4", "seconds": 9},
        {"whole": True},
        rules=False,
    )
    assert set(guard.bans) == {"192.0.2.1", "192.0.2.3", "192.0.2.4"}


def test_only_the_core_lifts_what_the_other_decided(monkeypatch: pytest.MonkeyPatch) -> None:
    """A taken SBC's host lets nobody in at the core."""
    for rules, left in ((True, {"192.0.2.1"}), (False, set())):
        guard = Guard(ban("192.0.2.1"))
        told(monkeypatch, guard, {"whole": True}, {"free": "192.0.2.1"}, rules=rules)
        assert set(guard.bans) == left


def test_what_the_core_refuses_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """A trunk or an allowed address that the SBC's host blocked for its packet rate is free there again."""
    said = told(monkeypatch, Guard(refuses="192.0.2.9"), {"ban": "192.0.2.9", "seconds": 9}, rules=True)
    assert {"free": "192.0.2.9"} in said


def test_a_ban_of_the_sbcs_host_ends_within_a_day_at_the_core(monkeypatch: pytest.MonkeyPatch) -> None:
    guard = Guard()
    told(monkeypatch, guard, {"ban": "192.0.2.9", "seconds": 10**9, "rule": 7, "reason": "x" * 5_00}, rules=True)
    found = guard.bans["192.0.2.9"]
    assert (found["seconds"], found["rule"], len(found["reason"])) == (exchange.LONGEST_TAKEN, "", 200)


@pytest.mark.parametrize("line", [b"[]\n", b"{\n", b"x" * 10_000 + b"\n", b"\xff\n"])
def test_nonsense_ends_the_connection(monkeypatch: pytest.MonkeyPatch, line: bytes) -> None:
    guard = Guard()
    told(monkeypatch, guard, line, rules=True)
    assert not guard.bans


def test_a_silent_guard_ends_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: Any, **__: Any) -> Any:
        raise GuardUnreachable("no answer")

    monkeypatch.setattr(exchange, "ask", silent)

    async def run() -> None:
        near, other = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=near)
        with other, pytest.raises(ExchangeEnded, match="no answer"):
            await asyncio.wait_for(Exchange(Desk(Path("guard"), "the other", True), reader, writer).run(), 5)

    asyncio.run(run())
