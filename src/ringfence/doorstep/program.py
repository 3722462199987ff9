"""What drops a banned source as its frame comes off a link: maps of who is banned until when, and the program itself.

Root loads it and hands the files on; whoever has them, and no right at all, changes elements and hooks it to links.
"""

import logging
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import astuple, dataclass
from typing import Final, Self

from ringfence.doorstep import bpf
from ringfence.doorstep.instructions import (
    Helper,
    If,
    Jump,
    Label,
    Reg,
    Size,
    add,
    assembled,
    call,
    copy,
    leave,
    load,
    map_file,
    number,
    store,
    store_number,
)

log = logging.getLogger(__name__)

VARIABLE: Final = "RINGFENCE_DOORSTEP_FILES"
"""The numbers of the files, in the environment of who gets them."""

SIZE: Final = 65_536
"""Sources of each family, 5 MiB of memory; more of them are dropped by nftables alone."""

PREFIX_BYTES: Final = 8
"""A ban of IPv6 is of a /64."""

NEXT: Final = 0xFFFF_FFFF
"""TCX_NEXT: whoever else looks at packets here has his turn, and then the stack."""

DROP: Final = 2
"""TCX_DROP."""

_DATA: Final = 76
_DATA_END: Final = 80
"""Of `struct __sk_buff`."""

_ETHERTYPE: Final = 12
_IPV4: Final = 0x0800
_IPV6: Final = 0x86DD
_IPV4_SOURCE: Final = 14 + 12
_IPV6_SOURCE: Final = 14 + 8
_READ: Final = 30
"""Bytes up to the end of the one and of the other; the verifier lets nobody read what may lie behind a frame's end."""

_KEY: Final = -8
_INDEX: Final = -4
"""Places on the stack; the second lies in what is free once the key has been looked up."""


@dataclass(frozen=True, slots=True)
class Files:
    """Of two hashes (source to the nanosecond of CLOCK_MONOTONIC at which its ban ends), a counter and the program."""

    ban4: int
    ban6: int
    dropped: int
    program: int

    @classmethod
    def handed(cls, text: str) -> Self | None:
        """What `VARIABLE` names; no program that this process starts inherits them. Raises ValueError or OSError."""
        if not text:
            return None
        files = cls(*map(int, text.split(",", 3)))
        for file in astuple(files):
            os.set_inheritable(file, False)
        return files


@dataclass(frozen=True, slots=True)
class Handover:
    """What the process gets that is started meanwhile: files that it inherits, and words of its environment."""

    files: tuple[int, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()


def instructions(ban4: int, ban6: int, dropped: int) -> bytes:
    """The program, for the maps behind these files."""
    return assembled(
        # a frame that is too short, or not all in one piece of memory, is left to nftables, and so is all but IP; the
        # tag of a VLAN has been taken off before, and what is below a second tag is not looked at, as in nftables
        load(Reg.R2, Size.WORD, Reg.R1, _DATA),
        load(Reg.R3, Size.WORD, Reg.R1, _DATA_END),
        copy(Reg.R4, Reg.R2),
        add(Reg.R4, _READ),
        Jump("next", Reg.R4, If.GREATER, Reg.R3),
        load(Reg.R4, Size.HALF, Reg.R2, _ETHERTYPE),
        Jump("ipv6", Reg.R4, If.EQUAL, socket.htons(_IPV6)),
        Jump("next", Reg.R4, If.DIFFERENT, socket.htons(_IPV4)),
        # until when is the source banned? an address of IPv4, the /64 of one of IPv6
        load(Reg.R4, Size.WORD, Reg.R2, _IPV4_SOURCE),
        store(Size.WORD, Reg.R10, _KEY, Reg.R4),
        map_file(Reg.R1, ban4),
        Jump("look"),
        Label("ipv6"),
        load(Reg.R4, Size.DOUBLE, Reg.R2, _IPV6_SOURCE),
        store(Size.DOUBLE, Reg.R10, _KEY, Reg.R4),
        map_file(Reg.R1, ban6),
        Label("look"),
        copy(Reg.R2, Reg.R10),
        add(Reg.R2, _KEY),
        call(Helper.MAP_LOOKUP),
        Jump("next", Reg.R0, If.EQUAL, 0),
        # a ban ends in time though the guard may hang; this clock is some milliseconds late and costs half
        load(Reg.R6, Size.DOUBLE, Reg.R0, 0),
        call(Helper.KTIME_GET_COARSE_NS),
        Jump("next", Reg.R0, If.AT_LEAST, Reg.R6),
        # counted for each processor apart: they need not wait for each other
        store_number(Size.WORD, Reg.R10, _INDEX, 0),
        map_file(Reg.R1, dropped),
        copy(Reg.R2, Reg.R10),
        add(Reg.R2, _INDEX),
        call(Helper.MAP_LOOKUP),
        Jump("drop", Reg.R0, If.EQUAL, 0),
        load(Reg.R1, Size.DOUBLE, Reg.R0, 0),
        add(Reg.R1, 1),
        store(Size.DOUBLE, Reg.R0, 0, Reg.R1),
        Label("drop"),
        number(Reg.R0, DROP),
        leave(),
        Label("next"),
        number(Reg.R0, -1),
        leave(),
    )


@contextmanager
def loaded() -> Iterator[Files]:
    """Empty maps and the program. Raises OSError."""
    made: list[int] = []
    try:
        made.append(bpf.create_hash("ringfence_ban4", 4, 8, SIZE))
        made.append(bpf.create_hash("ringfence_ban6", PREFIX_BYTES, 8, SIZE))
        made.append(bpf.create_counter("ringfence_drops"))
        made.append(bpf.load_program("ringfence", instructions(*made)))
        yield Files(*made)
    finally:
        for file in made:
            os.close(file)


@contextmanager
def handing_on(*, wanted: bool = True) -> Iterator[Handover]:
    """Each start has its own: nothing that an earlier process banned is in them."""
    with ExitStack() as stack:
        try:
            files = astuple(stack.enter_context(loaded())) if wanted else ()
        except OSError as error:
            log.warning("the program that drops banned sources at the links cannot be loaded: %s", error)
            files = ()
        yield Handover(files, ((VARIABLE, ",".join(map(str, files))),)) if files else Handover()
