"""The voice process: its parts put together, and what the SIP core and the portal tell it."""

import asyncio
import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ringfence.hosts import ports
from ringfence.hosts.paths import Paths
from ringfence.policy.calls.services import Service
from ringfence.voice.core import LOOPBACK, CoreSockets
from ringfence.voice.endpoint import Address, Endpoint, Leg
from ringfence.voice.handovers import Handovers
from ringfence.voice.leave import leave_message
from ringfence.voice.mailbox import visit_mailbox
from ringfence.voice.mailroom import Mailroom
from ringfence.voice.prompts import Prompts
from ringfence.voice.recorder import Desk, Recorder
from ringfence.voice.relay import Relay, open_relay
from ringfence.voice.spool import Spool
from ringfence.voice.talk import Talk
from ringfence.voice.waiting import fetch_notice, waiting_notice

log = logging.getLogger(__name__)

LONGEST_TALK: Final = 900.0
"""Seconds after which the system hangs up: a phone left off the hook holds no place for ever."""

LONGEST_NEWS: Final = 65_536


class Voice:
    """Answers calls with services and passes news on."""

    def __init__(self, paths: Paths, core: CoreSockets, relay: Relay) -> None:
        self._core = core
        self._prompts = Prompts(paths.prompts)
        self._mailroom = Mailroom(paths.mailroom_socket)
        self._spool = Spool(paths.spool, paths.audio_key)
        self.recorder = Recorder(Desk(relay, self._spool, self._mailroom, self._prompts))
        self.endpoint = Endpoint(LOOPBACK, ports.VOICE_SIP, core.holds, self.serve, paths.legs)
        self.handovers = self.endpoint.calling = Handovers(self.endpoint, lambda: core.door, paths.legs, relay.spoken)

    async def serve(self, leg: Leg) -> None:
        """What a call gets; an unknown service gets nothing and is ended."""
        async with asyncio.timeout(LONGEST_TALK):
            talk = Talk(leg, self._prompts)
            match leg.service:
                case Service.ANNOUNCEMENT:
                    await talk.leg.media.play(self._prompts.own(talk.facts.get("argument", "")))
                case Service.PARK:
                    while True:
                        await talk.leg.media.play(self._prompts.music())
                case Service.LEAVE_MESSAGE:
                    await leave_message(talk, self._mailroom, self._spool)
                case Service.MAILBOX | Service.ANY_MAILBOX:
                    await visit_mailbox(talk, self._mailroom)

    async def run(self) -> None:
        if found := self._spool.recover():
            log.warning("%d messages and recordings of an ended predecessor are handed over", len(found))
            self.recorder.resume([note for note in found if note.get("kind") == "recording"])
        ending = asyncio.ensure_future(self.endpoint.end_orphans(self._core.door))
        try:
            await self.endpoint.clock.run()
        finally:
            ending.cancel()
            await self.recorder.close()

    async def hear_news(self, news: Mapping[str, Any]) -> None:
        """What the core or the portal tells."""
        make = {"waiting": waiting_notice, "phone": fetch_notice}.get(str(news.get("about")))
        if make is not None:
            notice = make(news, self.endpoint.hostport)
            await self.endpoint.transaction(notice, self._core.door)
            return
        transfers = {
            "handover": self.handovers.begin,
            "handover-left": self.handovers.left,
            "handover-over": self.handovers.over,
        }
        try:
            transfers.get(str(news.get("about")), self.recorder.hear)(news)
        except (KeyError, ValueError, TypeError) as error:
            log.warning("news that cannot be understood: %r", error)


class Keys(asyncio.DatagramProtocol):
    """What the media relay tells of keys pressed in calls, on loopback; it names a call and a tag nobody can guess."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def datagram_received(self, data: bytes, addr: Address) -> None:
        try:
            self._recorder.key(json.loads(data))
        except (ValueError, KeyError, TypeError):
            log.warning("a key that cannot be read")


async def _follow(voice: Voice, path: Path) -> None:
    """Reads the datagram socket where the core and the portal say what concerns calls."""
    loop, tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()
    with _bound(path) as news:
        while True:
            raw = await loop.sock_recv(news, LONGEST_NEWS)
            try:
                told = json.loads(raw)
            except ValueError:
                log.warning("news that cannot be read")
                continue
            task = loop.create_task(voice.hear_news(told))
            tasks.add(task)
            task.add_done_callback(tasks.discard)


def _bound(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    news = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    news.bind(str(path))
    path.chmod(0o660)
    return news


async def main(environment: Mapping[str, str] = os.environ) -> None:
    """Until SIGTERM."""
    paths = Paths.from_environment(environment)
    loop = asyncio.get_running_loop()
    relay = await open_relay(ports.RTPENGINE_CONTROL)
    voice = Voice(paths, CoreSockets(paths.transports, environment["RINGFENCE_ADDRESS"]), relay)
    await loop.create_datagram_endpoint(lambda: voice.endpoint, (LOOPBACK, ports.VOICE_SIP))
    await loop.create_datagram_endpoint(lambda: Keys(voice.recorder), (LOOPBACK, ports.VOICE_KEYS))
    work = asyncio.gather(voice.run(), _follow(voice, paths.voice_socket))
    loop.add_signal_handler(signal.SIGTERM, work.cancel)
    try:
        await work
    except asyncio.CancelledError:
        log.info("asked to stop")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    asyncio.run(main())
