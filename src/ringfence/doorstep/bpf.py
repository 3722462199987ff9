"""bpf(2), as much of it as the doorstep needs. Every failure is an OSError; numbers and layouts are of linux/bpf.h."""

import ctypes
import errno
import os
import platform
import struct
import sys
from collections.abc import Iterable
from enum import IntEnum
from typing import Final

_NUMBERS: Final = {"x86_64": 321, "aarch64": 280}
_LIBC: Final = ctypes.CDLL(None, use_errno=True)
_PADDED: Final = 128
"""The kernel takes more than it knows if the rest is zero."""

_HASH: Final = 1
_PERCPU_ARRAY: Final = 6
_SCHED_CLS: Final = 3
_TCX_INGRESS: Final = 46
_MOST_PROCESSORS: Final = 8192
_COUNT_AT: Final = 32
"""Where an update of many elements says how many it did."""


class _Command(IntEnum):
    MAP_CREATE = 0
    MAP_LOOKUP = 1
    MAP_DELETE = 3
    PROG_LOAD = 5
    PROG_TEST_RUN = 10
    MAP_UPDATE_BATCH = 26
    LINK_CREATE = 28
    LINK_DETACH = 34


def create_hash(name: str, key_size: int, value_size: int, entries: int) -> int:
    """It takes all its memory at once: elements that lie far apart cost a look-up twice as much."""
    return _create(name, _HASH, key_size, value_size, entries)


def create_counter(name: str) -> int:
    """A 64-bit number for each processor."""
    return _create(name, _PERCPU_ARRAY, 4, 8, 1)


def _create(name: str, kind: int, key_size: int, value_size: int, entries: int) -> int:
    head = struct.pack("=7I16s", kind, key_size, value_size, entries, 0, 0, 0, name.encode())
    return _call(_Command.MAP_CREATE, head)[0]


def load_program(name: str, instructions: bytes) -> int:
    """A program for packets (`sched_cls`), once the verifier has proved it. Needs CAP_BPF and CAP_NET_ADMIN."""
    code, terms = ctypes.create_string_buffer(instructions), ctypes.create_string_buffer(b"BSD")
    head = struct.pack(
        "=2I2Q2IQ2I16s", _SCHED_CLS, len(instructions) // 8, _at(code), _at(terms), 0, 0, 0, 0, 0, name.encode()
    )
    return _call(_Command.PROG_LOAD, head)[0]


def update(hash_map: int, elements: Iterable[tuple[bytes, bytes]]) -> int:
    """Adds or replaces these, in their order, and says how many were done; the first refusal ends it."""
    found = list(elements)
    if not found:
        return 0
    keys = ctypes.create_string_buffer(b"".join(key for key, _ in found))
    values = ctypes.create_string_buffer(b"".join(value for _, value in found))
    head = struct.pack("=4Q2I2Q", 0, 0, _at(keys), _at(values), len(found), hash_map, 0, 0)
    try:
        _call(_Command.MAP_UPDATE_BATCH, head)
    except _Refused as refused:
        return min(int.from_bytes(refused.left[_COUNT_AT : _COUNT_AT + 4], sys.byteorder), len(found) - 1)
    return len(found)


def delete(hash_map: int, key: bytes) -> None:
    """Whether it was there or not."""
    asked = ctypes.create_string_buffer(key)
    try:
        _call(_Command.MAP_DELETE, struct.pack("=I4xQ", hash_map, _at(asked)))
    except OSError as error:
        if error.errno != errno.ENOENT:
            raise


def counted(counter: int) -> int:
    """The sum over all processors."""
    key, values = ctypes.create_string_buffer(4), (ctypes.c_uint64 * _MOST_PROCESSORS)()
    _call(_Command.MAP_LOOKUP, struct.pack("=I4x2Q", counter, _at(key), ctypes.addressof(values)))
    return sum(values)


def hook(program: int, link_index: int) -> int:
    """Lets a program see what comes off a link of the network, for as long as the returned file is open."""
    return _call(_Command.LINK_CREATE, struct.pack("=4I", program, link_index, _TCX_INGRESS, 0))[0]


def unhook(hooked: int) -> None:
    """At once; closing the file may leave that to a worker of the kernel."""
    try:
        _call(_Command.LINK_DETACH, struct.pack("=I", hooked))
    finally:
        os.close(hooked)


def verdict(program: int, frame: bytes) -> int:
    """What a program says of a frame, without a link."""
    data = ctypes.create_string_buffer(frame, len(frame))
    _, left = _call(_Command.PROG_TEST_RUN, struct.pack("=4IQ", program, 0, len(frame), 0, _at(data)))
    return int.from_bytes(left[4:8], sys.byteorder)


class _Refused(OSError):
    """With what the kernel left in the attributes."""

    left = b""


def _call(command: _Command, attributes: bytes) -> tuple[int, bytes]:
    number = _NUMBERS.get(platform.machine())
    if number is None or sys.byteorder != "little":
        raise OSError(errno.ENOSYS, "no number of bpf(2) is known for this processor")
    told = ctypes.create_string_buffer(attributes, _PADDED)
    result = int(_LIBC.syscall(number, int(command), told, _PADDED))
    if result < 0:
        code = ctypes.get_errno()
        refused = _Refused(code, f"{command.name}: {os.strerror(code)}")
        refused.left = told.raw
        raise refused
    return result, told.raw


def _at(buffer: "ctypes.Array[ctypes.c_char]") -> int:
    return ctypes.addressof(buffer)
