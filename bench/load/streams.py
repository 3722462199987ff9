"""Phones on streams: each opens a TLS connection or a secure WebSocket, registers over it and keeps it open.

Run as a process of its own, so that it has the phones' network and the generator's processor: it writes one line of
JSON when the last phone has its answer, and keeps the connections until it is ended.
"""

import asyncio
import json
import resource
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from websockets.asyncio.client import connect
from websockets.typing import Origin, Subprotocol

from bench.load.phones import DOMAIN, PHONE_ADDRESSES, Outcome, account
from bench.rig.network import SERVER_ADDRESS, Network, phone_address
from bench.rig.processes import GENERATOR_PROCESSOR, running, start, wait_until
from ringfence.hosts import ports
from ringfence.lab import sip
from ringfence.lab.softphone import unchecked_tls

AT_ONCE: Final = 100
"""Phones that wait for an answer at the same time; more would only queue in this process."""

PHONES_KNOW: Final = "X25519"
"""Desk phones do not know the key exchange against quantum computers that OpenSSL 3.5 and browsers offer first."""

PATIENCE: Final = 20.0
"""Seconds that a phone waits for its connection and both answers."""


class Stream(StrEnum):
    """What a phone speaks over."""

    TLS = "TLS"
    WSS = "WSS"


@dataclass(frozen=True, slots=True)
class Crowd:
    """What became of the phones, and the seconds from the first connection to the last answer."""

    outcome: Outcome
    seconds: float


@contextmanager
def crowd(net: Network, folder: Path, stream: Stream, count: int, extensions: int) -> Iterator[Crowd]:
    """The phones, registered and idle while the block runs. Raises NotReady."""
    log = folder / f"crowd-{stream}.log"
    log.unlink(missing_ok=True)
    words = (sys.executable, "-m", "bench.load.streams", stream, str(count), str(extensions))
    with running(start(words, net.phones, GENERATOR_PROCESSOR, log, cwd=Path(__file__).parents[2])):
        wait_until(lambda: _told(log) is not None, f"the crowd over {stream}", log, 60 + count / 100)
        told = _told(log)
        assert told is not None
        yield Crowd(Outcome(told["done"], told["failed"], 0), told["seconds"])


def _told(log: Path) -> dict[str, int] | None:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return next((json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")), None)


@dataclass(frozen=True, slots=True)
class Phone:
    """One phone: its number among all, and whose account it has."""

    number: int
    user: str
    secret: str

    @property
    def address(self) -> str:
        return phone_address(self.number % PHONE_ADDRESSES)


type Say = Callable[[bytes], Awaitable[bytes]]
"""Sends a request and returns the head of its answer."""


async def main(stream: Stream, count: int, extensions: int) -> None:
    """Registers all phones, says how that went, and sleeps."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    door, held = asyncio.Semaphore(AT_ONCE), list[object]()
    opened = {Stream.TLS: _over_tls, Stream.WSS: _over_websocket}[stream]
    trust = unchecked_tls()
    trust.set_ecdh_curve(PHONES_KNOW)

    async def arrive(number: int) -> bool:
        one = account(number * (extensions // count))
        async with door:
            try:
                async with asyncio.timeout(PATIENCE):
                    return await opened(Phone(number, one.user, one.password), trust, held)
            except (OSError, TimeoutError, asyncio.IncompleteReadError):
                return False

    began = time.monotonic()
    done = sum(await asyncio.gather(*(arrive(number) for number in range(count))))
    seconds = time.monotonic() - began
    print(json.dumps({"done": done, "failed": count - done, "seconds": seconds}), flush=True)
    await asyncio.Event().wait()


async def _over_tls(phone: Phone, trust: ssl.SSLContext, held: list[object]) -> bool:
    reader, writer = await asyncio.open_connection(
        SERVER_ADDRESS, ports.SIP_TLS.first, ssl=trust, local_addr=(phone.address, 0)
    )
    held.append(writer)

    async def say(request: bytes) -> bytes:
        writer.write(request)
        return await reader.readuntil(b"\r\n\r\n")

    return await _register(phone, "TLS", f"{phone.address}:{writer.get_extra_info('sockname')[1]};transport=tls", say)


async def _over_websocket(phone: Phone, trust: ssl.SSLContext, held: list[object]) -> bool:
    link = await connect(
        f"wss://{SERVER_ADDRESS}:{ports.SBC_SIP_WSS.first}/",
        ssl=trust,
        local_addr=(phone.address, 0),
        origin=Origin(f"https://{SERVER_ADDRESS}:10443"),
        subprotocols=[Subprotocol("sip")],
        ping_interval=None,
    )
    held.append(link)

    async def say(request: bytes) -> bytes:
        await link.send(request.decode(), text=True)
        answer = await link.recv()
        return answer if isinstance(answer, bytes) else answer.encode()

    return await _register(phone, "WSS", f"phone{phone.number}.invalid;transport=ws", say)


async def _register(phone: Phone, via: str, place: str, say: Say) -> bool:
    """REGISTER, 401, REGISTER with the answer, 200."""
    aor, uri, call_id = f"sip:{phone.user}@{DOMAIN}", f"sip:{DOMAIN}", sip.new_token()
    proof: sip.Headers = []
    for number in (1, 2):
        headers = [
            ("Via", f"SIP/2.0/{via} {phone.address};rport;branch={sip.new_branch()}"),
            ("Max-Forwards", "70"),
            ("From", f"<{aor}>;tag={call_id}"),
            ("To", f"<{aor}>"),
            ("Call-ID", call_id),
            ("CSeq", f"{number} REGISTER"),
            ("Contact", f"<sip:{phone.user}@{place}>"),
            ("Expires", "600"),
            ("User-Agent", "Bench/1.0"),
            *proof,
        ]
        answer = sip.parse(await say(sip.compose(f"REGISTER {uri} SIP/2.0", headers)))
        if answer.status != 401:
            return answer.status == 200
        challenge = sip.challenges_in(answer)[0]
        owner = sip.Account(phone.user, DOMAIN, phone.secret)
        proof = [(challenge.answer_header, sip.authorization(owner, challenge, "REGISTER", uri))]
    return False


if __name__ == "__main__":
    asyncio.run(main(Stream(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
