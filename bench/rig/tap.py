"""A link of the server whose other end is a file: what is written there arrives as if a network card had received it.

The kernel works on a frame within the write(2) that hands it over, so its whole price is in the writer's time; there is
no second link that a frame must leave by first, and that would cost three times what is to be measured.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from bench.rig.network import enter, run_in

_DEVICE: Final = "/dev/net/tun"
_TUNSETIFF: Final = 0x400454CA
_IFF_TAP: Final = 0x0002
_IFF_NO_PI: Final = 0x1000
_REQUEST: Final = struct.Struct("16sH22x")


@contextmanager
def tap(namespace: str, name: str) -> Iterator[int]:
    """The file behind a new link of this namespace, which is up while the block runs."""

    def enter_and_open() -> int:
        enter(namespace)
        fd = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(fd, _TUNSETIFF, _REQUEST.pack(name.encode(), _IFF_TAP | _IFF_NO_PI))
        return fd

    with ThreadPoolExecutor(max_workers=1) as threads:
        fd = threads.submit(enter_and_open).result()
    try:
        run_in(namespace, "ip", "link", "set", name, "up")
        yield fd
    finally:
        os.close(fd)
