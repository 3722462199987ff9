"""What one says to a caller and hears from him: sounds that a key interrupts, numbers typed, words recorded."""

import asyncio
from contextlib import suppress
from typing import Final

from ringfence.audio.g711 import RATE
from ringfence.voice.endpoint import Leg
from ringfence.voice.media import Sink
from ringfence.voice.prompts import Prompts

THINKING: Final = 6.0
"""Seconds between two keys."""


class Talk:
    """One call, as its service sees it."""

    def __init__(self, leg: Leg, prompts: Prompts) -> None:
        self.leg = leg
        self.prompts = prompts

    @property
    def facts(self) -> dict[str, str]:
        return dict(self.leg.facts)

    async def say(self, *sounds: str | bytes) -> str:
        """Standard sounds by name or u-law, one after the other; a key ends it and is returned, "" when none came."""
        parts = [self.prompts.standard(sound) if isinstance(sound, str) else sound for sound in sounds]
        playing = asyncio.ensure_future(self.leg.media.play(b"".join(parts)))
        pressing = asyncio.ensure_future(self.leg.media.keys.get())
        try:
            await asyncio.wait((playing, pressing), return_when=asyncio.FIRST_COMPLETED)
            if pressing.done():
                self.leg.media.hush()
                return pressing.result()
            return ""
        finally:
            playing.cancel()
            pressing.cancel()

    async def ask(self, *sounds: str | bytes, longest: int = 10) -> str:
        """Digits up to # or a pause; what was typed while we spoke counts."""
        typed = await self.say(*sounds)
        while (typed and typed[-1] != "#" and len(typed) < longest) or not typed:
            key = await self.key()
            if not key:
                break
            typed += key
        return typed.partition("#")[0]

    async def key(self, patience: float = THINKING) -> str:
        """One key, "" when none came in time."""
        with suppress(TimeoutError):
            return await asyncio.wait_for(self.leg.media.keys.get(), patience)
        return ""

    async def choose(self, keys: str, *sounds: str | bytes) -> str:
        """One of these keys; asked three times, then ""."""
        for _ in range(3):
            key = await self.say(*sounds) or await self.key()
            if key and key in keys:
                return key
            if key:
                await self.say("pm-invalid-option")
        return ""

    async def hear(self, sink: Sink, seconds: float) -> None:
        """Records until a key is pressed, the time is over, or the caller hangs up (which cancels us)."""
        heard = 0
        full = asyncio.Event()

        def take(ulaw: bytes) -> None:
            nonlocal heard
            room = round(seconds * RATE) - heard
            sink(ulaw[:room])
            heard += len(ulaw)
            if heard >= seconds * RATE:
                full.set()

        self.leg.media.listen(take)
        pressing, filling = asyncio.ensure_future(self.leg.media.keys.get()), asyncio.ensure_future(full.wait())
        try:
            await asyncio.wait((pressing, filling), timeout=seconds + 2, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.leg.media.listen(None)
            pressing.cancel()
            filling.cancel()
