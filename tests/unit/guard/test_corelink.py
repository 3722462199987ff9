"""Root asks the core too: one that is taken over may hold up and fill up nobody who asks."""

import contextlib
import socket
import threading
import time
from pathlib import Path

import pytest

from ringfence.corelink import LONGEST_ANSWER, MAGIC_AND_VERSION, REPLY, Core


def answered(folder: Path, pieces: bytes, times: int, pause: float) -> Core:
    """A core that says so many pieces, after a head that promises four gigabytes."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(folder / "ctl"))
    listening.listen()

    def serve() -> None:
        with listening, contextlib.suppress(OSError), listening.accept()[0] as link:
            link.sendall(bytes((MAGIC_AND_VERSION, REPLY << 4 | 3 << 2 | 3)) + b"\xff" * 4)
            for _ in range(times):
                link.sendall(pieces)
                time.sleep(pause)

    threading.Thread(target=serve, daemon=True).start()
    return Core(folder / "ctl")


def test_one_that_says_a_byte_now_and_then_is_left_when_its_time_is_over(tmp_path: Path) -> None:
    core, began = answered(tmp_path, b"x", times=60, pause=0.1), time.monotonic()
    with pytest.raises(TimeoutError):
        core._answer("core.version", (), patience=0.5)
    assert time.monotonic() - began < 3


def test_one_that_never_ends_is_read_to_a_bound(tmp_path: Path) -> None:
    core = answered(tmp_path, bytes(1 << 20), times=64, pause=0)
    assert len(core._answer("core.version", (), patience=20)) < 2 * LONGEST_ANSWER
