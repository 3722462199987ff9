"""Two calls that are tied speak whatever both parties can, not G.711 alone (RFC 3264, RFC 3725; ADR 63)."""

import asyncio
from pathlib import Path

from ringfence.voice import speech
from ringfence.voice.speech import Codec, Codecs
from tests.unit.voice.test_handover import TOLD, fetching, started, tied, until

OPUS, G722 = Codec(96, "opus/48000/2", "useinbandfec=1"), Codec(9, "G722/8000")
WIDE: Codecs = (OPUS, G722, speech.PCMA, Codec(100, "telephone-event/8000", "0-16"))


def lines_of(body: bytes, *names: str) -> list[str]:
    return [line for line in body.decode().splitlines() if line.startswith(names)]


def test_both_speak_what_both_can_with_the_numbers_of_the_party(tmp_path: Path) -> None:
    """ADR 63: the relay says what the party speaks; that is offered, keys included (RFC 3264, RFC 4733)."""

    async def story() -> None:
        core, _ = await started(tmp_path, spoken={"c1": WIDE})
        core.speaks = {"first": WIDE, "second": (Codec(120, "OPUS/48000/2"), speech.PCMA)}
        second, first = await until(core, "INVITE", 2)
        assert lines_of(second.body, "m=") == ["m=audio 45000 RTP/AVP 96 9 8 100"]
        assert lines_of(second.body, "a=rtpmap:96", "a=fmtp:") == [
            "a=rtpmap:96 opus/48000/2",
            "a=fmtp:96 useinbandfec=1",
            "a=fmtp:100 0-16",
        ]
        assert lines_of(first.body, "m=") == ["m=audio 46000 RTP/AVP 96 8 100"]
        await until(core, "BYE")
        assert len(core.requests("INVITE")) == 2

    asyncio.run(story())


def test_who_was_called_keeps_to_what_the_party_took(tmp_path: Path) -> None:
    """Whoever answers with one codec must not hear another one: the other side is told (RFC 3264 section 6.1)."""

    async def story() -> None:
        core, _ = await started(tmp_path, spoken={"c1": WIDE})
        core.speaks = {"first": (G722,), "second": (OPUS, G722, speech.PCMA)}
        *_, narrowed = await until(core, "INVITE", 3)
        assert lines_of(narrowed.body, "m=") == ["m=audio 45000 RTP/AVP 9 100"]
        assert narrowed.tag("to") == "new"

    asyncio.run(story())


def test_whoever_fetches_speaks_with_the_party_as_well_as_before_it_was_parked(tmp_path: Path) -> None:
    """The music was G.711; what the party spoke before is not forgotten, with the numbers of who fetches."""

    async def story() -> None:
        core, _ = await started(tmp_path, told={**TOLD, "number": "*70"}, spoken={"c1": WIDE})
        core.speaks = {"first": WIDE, "second": (speech.PCMA,)}
        music, _ = await until(core, "INVITE", 2)
        await until(core, "BYE")
        offer = tied("192.0.2.1", 47_000, Codec(120, "opus/48000/2"), Codec(18, "G729/8000"), speech.PCMA)
        core.hear(fetching(music.header("call-id"), offer=offer))
        *_, renewed = await until(core, "INVITE", 3)
        assert lines_of(renewed.body, "m=") == ["m=audio 47000 RTP/AVP 120 8 101"]

    asyncio.run(story())
