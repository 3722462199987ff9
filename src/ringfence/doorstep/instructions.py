"""A small assembler for eBPF: instructions by name, jumps by label. Only what the doorstep is written with."""

import struct
from dataclasses import dataclass
from enum import IntEnum

type Step = bytes | Label | Jump


class Reg(IntEnum):
    """R1 to R5 carry arguments and are lost in a call, R0 is its answer, R6 survives; the stack ends at R10."""

    R0 = 0
    R1 = 1
    R2 = 2
    R3 = 3
    R4 = 4
    R6 = 6
    R10 = 10


class Size(IntEnum):
    """How much is loaded or stored."""

    HALF = 0x08
    WORD = 0x00
    DOUBLE = 0x18


class Helper(IntEnum):
    """Functions of the kernel."""

    MAP_LOOKUP = 1
    KTIME_GET_COARSE_NS = 160


class If(IntEnum):
    """Conditions of a jump, without sign."""

    EQUAL = 0x10
    GREATER = 0x20
    AT_LEAST = 0x30
    DIFFERENT = 0x50


@dataclass(frozen=True, slots=True)
class Label:
    """A place to jump to."""

    name: str


@dataclass(frozen=True, slots=True)
class Jump:
    """`on` is compared with `than`: a register, or a number. Without either it always jumps."""

    to: str
    on: Reg | None = None
    test: If = If.EQUAL
    than: Reg | int = 0


def load(to: Reg, size: Size, base: Reg, offset: int) -> bytes:
    return _one(0x61 | size, to, base, offset)


def store(size: Size, base: Reg, offset: int, value: Reg) -> bytes:
    return _one(0x63 | size, base, value, offset)


def store_number(size: Size, base: Reg, offset: int, number: int) -> bytes:
    return _one(0x62 | size, base, Reg.R0, offset, number)


def copy(to: Reg, value: Reg) -> bytes:
    return _one(0xBF, to, value)


def number(to: Reg, value: int) -> bytes:
    return _one(0xB7, to, number=value)


def add(to: Reg, value: int) -> bytes:
    return _one(0x07, to, number=value)


def map_file(to: Reg, file: int) -> bytes:
    """The map behind a file descriptor of the process that loads; two instructions long."""
    return _one(0x18, to, Reg.R1, number=file) + _one(0, Reg.R0)


def call(helper: Helper) -> bytes:
    return _one(0x85, Reg.R0, number=helper)


def leave() -> bytes:
    return _one(0x95, Reg.R0)


def assembled(*steps: Step) -> bytes:
    """The program; a jump to a label that does not follow it is a KeyError or refused by the kernel's verifier."""
    places, at = {}, 0
    for step in steps:
        if isinstance(step, Label):
            places[step.name] = at
        else:
            at += _length(step)
    code = b""
    for step in steps:
        if isinstance(step, Jump):
            code += _jump(step, places[step.to] - len(code) // 8 - 1)
        elif isinstance(step, bytes):
            code += step
    return code


def _length(step: bytes | Jump) -> int:
    return 1 if isinstance(step, Jump) else len(step) // 8


def _jump(jump: Jump, distance: int) -> bytes:
    if jump.on is None:
        return _one(0x05, Reg.R0, offset=distance)
    if isinstance(jump.than, Reg):
        return _one(0x0D | jump.test, jump.on, jump.than, distance)
    return _one(0x05 | jump.test, jump.on, offset=distance, number=jump.than)


def _one(code: int, to: Reg, value: Reg = Reg.R0, offset: int = 0, number: int = 0) -> bytes:
    return struct.pack("<BBhi", code, value << 4 | to, offset, number)
