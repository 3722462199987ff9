"""Which TCP ports take a connection. At most so many at a time and so many a second."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from typing import Final

CONNECT_SECONDS: Final = 1.5
AT_A_TIME: Final = 200
A_SECOND: Final = 2_000
BANNER_SECONDS: Final = 1.0
BANNER_BYTES: Final = 200

COMMON: Final = (
    20, 21, 22, 23, 25, 53, 69, 80, 110, 111, 119, 123, 135, 137, 139, 143, 161, 389, 443, 445, 465, 514, 587, 631,
    636, 873, 902, 993, 995, 1080, 1194, 1433, 1521, 1720, 1723, 1883, 2049, 2222, 2223, 2375, 2376, 3000, 3128, 3306,
    3389, 4444, 4569, 5000, 5038, 5060, 5061, 5063, 5065, 5066, 5067, 5070, 5080, 5222, 5349, 5432, 5601, 5900, 5984,
    6379, 6443, 7000, 8000, 8008, 8021, 8080, 8081, 8088, 8089, 8443, 8882, 8883, 8885, 8887, 8888, 9000, 9090, 9100,
    9200, 9418, 10000, 10050, 10210, 10443, 11211, 15672, 27017,
)  # fmt: skip
"""What attackers try first, and every port of the reference's table."""

FULL: Final = tuple(range(1, 65_536))


async def open_ports(host: str, ports: Iterable[int]) -> tuple[int, ...]:
    """Those that take a connection."""
    gate = asyncio.Semaphore(AT_A_TIME)
    wanted = list(dict.fromkeys(ports))
    found: list[int] = []
    for start in range(0, len(wanted), A_SECOND):
        part = wanted[start : start + A_SECOND]
        begun = asyncio.get_running_loop().time()
        answers = await asyncio.gather(*(_is_open(gate, host, port) for port in part))
        found += [port for port, is_open in zip(part, answers, strict=True) if is_open]
        passed = asyncio.get_running_loop().time() - begun
        if start + A_SECOND < len(wanted):
            await asyncio.sleep(max(0.0, 1.0 - passed))
    return tuple(sorted(found))


async def _is_open(gate: asyncio.Semaphore, host: str, port: int) -> bool:
    async with gate:
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
        except (OSError, TimeoutError):
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True


async def banners(host: str, ports: Sequence[int]) -> tuple[str, ...]:
    """What servers say before they are asked, such as SSH and mail servers."""
    found = await asyncio.gather(*(_banner(host, port) for port in ports[:AT_A_TIME]))
    return tuple(f"{port}: {text}" for port, text in zip(ports, found, strict=False) if text)


async def _banner(host: str, port: int) -> str:
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host, port), CONNECT_SECONDS)
    except (OSError, TimeoutError):
        return ""
    try:
        raw = await asyncio.wait_for(reader.read(BANNER_BYTES), BANNER_SECONDS)
    except (OSError, TimeoutError):
        raw = b""
    writer.close()
    text = raw.decode("latin-1").strip()
    return text if text.isprintable() else ""
