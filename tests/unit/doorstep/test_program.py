"""What the program says of a frame, asked in the kernel itself where it may be loaded."""

import os
import struct
import time
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from ringfence.doorstep import bpf, program
from ringfence.doorstep.program import DROP, NEXT, VARIABLE, Files

MACS = b"\2\0\0\0\0\1\2\0\0\0\0\2"
TAG = b"\x81\0\0\5"
SECOND = 1_000_000_000


@pytest.fixture
def files() -> Iterator[Files]:
    loading = program.loaded()
    try:
        found = loading.__enter__()
    except OSError as error:
        pytest.skip(f"no program may be loaded here: {error}")
    yield found
    loading.__exit__(None, None, None)


def four(source: str) -> bytes:
    head = struct.pack("!BBHHHBBH", 69, 0, 28, 0, 0, 64, 17, 0)
    return b"\x08\0" + head + ip_address(source).packed + bytes(12)


def six(source: str) -> bytes:
    return b"\x86\xdd" + struct.pack("!IHBB", 6 << 28, 8, 17, 64) + ip_address(source).packed + bytes(24)


def banned(file: int, source: str, seconds: float) -> None:
    until = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + round(seconds * SECOND)
    packed = ip_address(source).packed
    assert bpf.update(file, [(packed if len(packed) == 4 else packed[:8], struct.pack("=Q", until))]) == 1


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        (four("198.51.100.7"), DROP),
        (four("198.51.100.8"), NEXT),
        (four("198.51.100.9"), NEXT),  # its time is over
        (six("2001:db8:1:2::7"), DROP),
        (six("2001:db8:1:2:ffff::7"), DROP),
        (six("2001:db8:1:3::7"), NEXT),
        (TAG + four("198.51.100.7"), NEXT),  # as if it were the second tag: the kernel takes off the first
        (b"\x08\6" + four("198.51.100.7")[2:], NEXT),
        (b"\x08\0" + six("2001:db8:1:2::7")[2:], NEXT),
        (four("0.0.0.0"), NEXT),
    ],
)
def test_only_a_frame_of_a_banned_source_is_dropped_and_counted(files: Files, frame: bytes, says: int) -> None:
    banned(files.ban4, "198.51.100.7", 60)
    banned(files.ban4, "198.51.100.9", -0.02)
    banned(files.ban6, "2001:db8:1:2::", 60)
    assert bpf.verdict(files.program, MACS + frame) == says
    assert bpf.counted(files.dropped) == (says == DROP)


def test_a_ban_ends_with_its_time_or_its_element(files: Files) -> None:
    frame = MACS + four("198.51.100.7")
    banned(files.ban4, "198.51.100.7", 60)
    banned(files.ban4, "198.51.100.7", -1)
    assert bpf.verdict(files.program, frame) == NEXT
    banned(files.ban4, "198.51.100.7", 60)
    assert bpf.verdict(files.program, frame) == DROP
    for _ in range(2):
        bpf.delete(files.ban4, ip_address("198.51.100.7").packed)
    assert bpf.verdict(files.program, frame) == NEXT


def test_a_full_map_tells_how_much_it_took(files: Files) -> None:
    elements = [(number.to_bytes(4), bytes(8)) for number in range(program.SIZE + 10)]
    assert bpf.update(files.ban4, elements) == program.SIZE


def test_no_process_that_the_guard_starts_inherits_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = [*os.pipe(), *os.pipe()]
    for end in ends:
        os.set_inheritable(end, True)
    found = Files.handed(",".join(map(str, ends)))
    assert found == Files(*ends)
    assert not any(map(os.get_inheritable, ends))
    for end in ends:
        os.close(end)


@pytest.mark.parametrize("text", ["1,2", "a,b,c,d", "991,992,993,994", "1,2,3,4,5"])
def test_odd_words_of_the_environment_are_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError, OSError)):
        Files.handed(text)


def test_without_the_right_nothing_is_handed_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(1, "PROG_LOAD: Operation not permitted")

    monkeypatch.setattr(bpf, "create_hash", lambda *_: os.open("/dev/null", os.O_RDONLY))
    monkeypatch.setattr(bpf, "create_counter", lambda *_: os.open("/dev/null", os.O_RDONLY))
    monkeypatch.setattr(bpf, "load_program", refuse)
    before = set(os.listdir("/proc/self/fd"))
    with program.handing_on() as handed:
        assert handed == program.Handover()
    with program.handing_on(wanted=False) as handed:
        assert VARIABLE not in dict(handed.environment)
    assert len(os.listdir("/proc/self/fd")) == len(before)
    assert "cannot be loaded" in caplog.text
