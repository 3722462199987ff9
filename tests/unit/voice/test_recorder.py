"""Recording in the voice process: two parties side by side, keys, and trouble that harms no call (attack case 82)."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from ringfence import ng
from ringfence.audio.sealed import public_key, read_sealed
from ringfence.voice import taping
from ringfence.voice.calls import Call, Calls, call_of
from ringfence.voice.mailroom import Mailroom
from ringfence.voice.prompts import Prompts
from ringfence.voice.recorder import Desk, Recorder
from ringfence.voice.relay import Heard, RelayRefused
from ringfence.voice.sdp import Offer
from ringfence.voice.spool import Spool
from ringfence.voice.tracks import Track, side_by_side

KEY = b"\x07" * 32
FACTS: dict[str, Any] = {
    "call": "1-1", "relay": "../../x", "tags": ["left", "right"], "caller": "101@a.example", "callee": "102@a.example",
    "extensions": [True, False], "tenant_id": 1, "direction": "internal", "why": "tenant", "announced": False,
    "on_demand": True,
}  # fmt: skip


class FakeRelay:
    """Plays two parties: sends what it is told to the ports that listen."""

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self.played: list[str] = []
        self.left: list[str] = []
        self.known = True
        self.refuses = ""
        self._link: asyncio.DatagramTransport | None = None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._link, _ = await loop.create_datagram_endpoint(asyncio.DatagramProtocol, ("127.0.0.1", 0))

    def close(self) -> None:
        if self._link is not None:
            self._link.close()

    async def hear(self, call: str, tag: str, port: int) -> Heard:
        if self.refuses == "hear":
            raise RelayRefused("subscribe request: no")
        assert self._link is not None
        self.ports[tag] = port
        host, own = self._link.get_extra_info("sockname")
        return Heard(f"sub-{tag}", Offer(host, own, 0, 0, None, "sendonly"))

    async def leave(self, call: str, subscription: str) -> None:
        self.left.append(subscription)

    async def play(self, call: str, tag: str, ulaw: bytes) -> None:
        if self.refuses == "play":
            raise RelayRefused("play media: no")
        self.played.append(tag)

    async def knows(self, call: str) -> bool:
        return self.known

    def say(self, tag: str, byte: int, packets: int, first: int = 0) -> None:
        assert self._link is not None
        for index in range(first, first + packets):
            head = struct.pack(">BBHII", 0x80, 0, index, 160 * index, 7)
            self._link.sendto(head + bytes([byte]) * 160, ("127.0.0.1", self.ports[tag]))


class FakeMailroom(Mailroom):
    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def ask(self, verb: str, **args: Any) -> dict[str, Any]:
        self.asked.append((verb, args))
        return {"announcement": ""}

    def of(self, verb: str) -> list[dict[str, Any]]:
        return [args for asked, args in self.asked if asked == verb]


class Room:
    """A recorder with everything around it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "spool"
        self.folder.mkdir()
        (folder / "audio.pub").write_bytes(public_key(KEY))
        self.relay, self.mailroom = FakeRelay(), FakeMailroom()
        self.spool = Spool(self.folder, folder / "audio.pub")
        desk = Desk(self.relay, self.spool, self.mailroom, Prompts(folder))  # type: ignore[arg-type]
        self.recorder = Recorder(desk)

    def call(self, **more: Any) -> None:
        self.recorder.hear({"about": "call", **FACTS, **more})

    async def subscribed(self) -> None:
        await until(lambda: len(self.relay.ports) == 2)

    def audio(self) -> bytes:
        (path,) = self.folder.glob("*.audio")
        return read_sealed(path, KEY)


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not fact():
            await asyncio.sleep(0.01)


def run(folder: Path, story: Callable[[Room], Awaitable[None]]) -> None:
    async def told() -> None:
        room = Room(folder)
        await room.relay.open()
        await story(room)
        await room.recorder.close()
        room.relay.close()
        await asyncio.sleep(0)

    asyncio.run(told())


def test_both_parties_come_sealed_each_into_its_channel(tmp_path: Path) -> None:
    """W82: whatever the Call-ID is, files have names of ours; nothing is on the disk in the clear."""

    async def story(room: Room) -> None:
        room.call()
        await room.subscribed()
        await asyncio.sleep(0.05)
        room.relay.say("left", 0x11, 40)
        room.relay.say("right", 0x22, 40)
        await asyncio.sleep(1.2)
        room.recorder.hear({"about": "call-ended", "relay": "../../x"})
        await until(lambda: any(room.folder.glob("*.json")))
        audio = room.audio()
        assert audio[0::2].count(0x11) == audio[1::2].count(0x22) == 40 * 160
        assert 0x22 not in audio[0::2]
        (path,) = room.folder.glob("*.audio")
        assert b"\x11" * 40 not in path.read_bytes()
        assert {item.parent for item in room.folder.rglob("*")} == {room.folder}

    run(tmp_path, story)


def test_an_announced_recording_plays_to_both_before_a_word_is_kept(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        room.call(announced=True)
        await until(lambda: room.relay.played == ["left", "right"])

    run(tmp_path, story)


def test_what_cannot_be_announced_is_not_recorded(tmp_path: Path) -> None:
    """Rights fail closed: nobody is recorded who should have been told and was not; an alarm says so."""

    async def story(room: Room) -> None:
        room.relay.refuses = "play"
        room.call(announced=True)
        await until(lambda: bool(room.mailroom.of("recording-trouble")))
        await until(lambda: bool(room.mailroom.of("recording-gone")))
        assert list(room.folder.iterdir()) == []

    run(tmp_path, story)


def test_a_full_disk_raises_trouble_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taping, "LEAST_FREE", 1 << 62)

    async def story(room: Room) -> None:
        room.call()
        await until(lambda: bool(room.mailroom.of("recording-trouble")))
        assert "free" in room.mailroom.of("recording-trouble")[0]["why"]
        assert room.relay.ports == {}

    run(tmp_path, story)


def test_a_call_the_relay_no_longer_knows_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taping, "LOOK_EVERY", 0.0)

    async def story(room: Room) -> None:
        room.relay.known = False
        room.call()
        await until(lambda: bool(room.mailroom.of("recording-gone")))
        assert not room.mailroom.of("recording-trouble")

    run(tmp_path, story)


def test_star_one_starts_and_stops_where_it_is_permitted(tmp_path: Path) -> None:
    """Only an extension may, only where the tenant permits it, and what the tenant wants recorded it cannot stop."""

    def press(room: Room, tag: str) -> None:
        for event in (10, 1):
            room.recorder.key({"callid": "../../x", "source_tag": tag, "event": event})

    async def story(room: Room) -> None:
        room.call(why="")
        press(room, "right")
        await asyncio.sleep(0.05)
        assert room.relay.ports == {}, "a stranger started a recording"
        press(room, "left")
        await room.subscribed()
        (begun,) = room.mailroom.of("recording")
        assert (begun["note"]["why"], begun["note"]["by"]) == ("on demand", "101@a.example")
        press(room, "left")
        await until(lambda: len(room.relay.left) == 2)

    run(tmp_path, story)


def test_star_one_does_not_stop_what_the_tenant_records(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        room.call()
        await room.subscribed()
        for event in (10, 1):
            room.recorder.key({"callid": "../../x", "source_tag": "left", "event": event})
        await asyncio.sleep(0.3)
        assert room.relay.left == []
        room.recorder.hear({"about": "record", "on": False, "by": "admin", "facts": FACTS})
        await until(lambda: len(room.relay.left) == 2)

    run(tmp_path, story)


def test_a_successor_goes_on_without_a_second_announcement(tmp_path: Path) -> None:
    async def story(room: Room) -> None:
        killed = room.spool.open("recording", channels=2, **{**FACTS, "announced": True})
        killed.write(b"\x11" * 32_000)
        killed.writer.abandon()
        notes = room.spool.recover()
        room.recorder.resume(notes)
        await room.subscribed()
        assert room.relay.played == []
        assert len(list(room.folder.glob("*.json"))) == 1

    run(tmp_path, story)


@pytest.mark.parametrize(
    "broken",
    [{}, {**FACTS, "tags": ["one"]}, {**FACTS, "relay": ""}, {**FACTS, "why": "because"}, {**FACTS, "tags": 3}],
)
def test_nonsense_is_no_call(broken: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError, TypeError)):
        call_of(broken)


def test_keys_far_apart_or_others_between_are_no_code() -> None:
    calls = Calls()
    calls.begin(call_of({**FACTS, "relay": "c"}))

    def typed(*keys: tuple[int, float]) -> bool:
        return [calls.code_typed("c", "left", event, now) for event, now in keys][-1]

    assert typed((10, 0.0), (1, 1.0))
    assert not typed((10, 10.0), (1, 14.0))
    assert not typed((10, 20.0), (5, 20.5), (1, 21.0))
    assert typed((10, 30.0), (10, 30.5), (1, 31.0))
    assert not typed((10, 40.0), (99, 40.1))
    calls.end("c")
    assert not typed((10, 50.0), (1, 50.5))


def test_of_too_many_calls_the_oldest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.voice.calls.MOST_CALLS", 2)
    calls = Calls()
    for name in "abc":
        calls.begin(call_of({**FACTS, "relay": name}))
    assert [isinstance(calls.get(name), Call) for name in "abc"] == [False, True, True]


def test_a_track_keeps_places_fills_holes_and_begins_anew() -> None:
    """Late packets find their place, lost ones are silence, a new sender's clock is a new beginning."""
    track = Track()
    track.hear(1000, b"a" * 160, 0)
    track.hear(1320, b"c" * 160, 320)
    track.hear(1160, b"b" * 160, 330)
    assert track.take(480) == b"a" * 160 + b"b" * 160 + b"c" * 160
    assert track.take(640) == b"\xff" * 160
    track.hear(1480, b"late" * 40, 700)
    track.hear(9_000_000, b"n" * 160, 800)
    assert track.take(960) == b"\xff" * 160 + b"n" * 160
    assert track.take(900) == b""
    wrapping = Track()
    wrapping.hear(0xFFFFFFFF - 79, b"x" * 160, 0)
    wrapping.hear(80, b"y" * 160, 160)
    assert wrapping.take(320) == b"x" * 160 + b"y" * 160


def test_channels_lie_side_by_side() -> None:
    assert side_by_side(b"ac", b"bd") == b"abcd"


@pytest.mark.parametrize("raw", [b"", b"d", b"i5e", b"d1:a9:short", b"d1:ai1ee" + b"x", b"l" * 50, b"d1:a-1:e"])
def test_what_is_no_answer_of_the_relay_is_garbled(raw: bytes) -> None:
    with pytest.raises(ng.Garbled):
        ng.decode(raw)


def test_a_nested_answer_is_read() -> None:
    value = {"result": "ok", "tags": {"a": {"list": [1, -2, "x"]}}}
    assert ng.decode(ng.encode(value)) == value
