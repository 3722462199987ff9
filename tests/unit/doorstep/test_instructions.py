"""The assembler, beside what llvm-objdump says of the same bytes."""

import pytest

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
from ringfence.doorstep.program import instructions


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (load(Reg.R2, Size.WORD, Reg.R1, 76), "61124c0000000000"),  # r2 = *(u32 *)(r1 + 0x4c)
        (load(Reg.R4, Size.HALF, Reg.R2, 12), "69240c0000000000"),  # r4 = *(u16 *)(r2 + 0xc)
        (load(Reg.R6, Size.DOUBLE, Reg.R0, 0), "7906000000000000"),  # r6 = *(u64 *)(r0 + 0x0)
        (store(Size.DOUBLE, Reg.R10, -8, Reg.R4), "7b4af8ff00000000"),  # *(u64 *)(r10 - 0x8) = r4
        (store_number(Size.WORD, Reg.R10, -4, 0), "620afcff00000000"),  # *(u32 *)(r10 - 0x4) = 0x0
        (copy(Reg.R2, Reg.R10), "bfa2000000000000"),  # r2 = r10
        (add(Reg.R2, -8), "07020000f8ffffff"),  # r2 += -0x8
        (number(Reg.R0, -1), "b7000000ffffffff"),  # r0 = -0x1
        (map_file(Reg.R1, 7), "18110000070000000000000000000000"),  # r1 = 0x7 ll, of a map
        (call(Helper.KTIME_GET_COARSE_NS), "85000000a0000000"),  # call 0xa0
        (leave(), "9500000000000000"),  # exit
    ],
)
def test_each_instruction_is_the_one_of_its_name(step: bytes, code: str) -> None:
    assert step.hex() == code


def test_jumps_lead_to_their_labels_past_instructions_of_two_places() -> None:
    code = assembled(
        Jump("end", Reg.R0, If.AT_LEAST, Reg.R6),
        map_file(Reg.R1, 1),
        Jump("end", Reg.R4, If.DIFFERENT, 8),
        Jump("end"),
        number(Reg.R0, 1),
        Label("end"),
        leave(),
    )
    steps = [code[at : at + 8].hex() for at in range(0, len(code), 8)]
    assert steps[0] == "3d60050000000000"  # if r0 >= r6 goto +0x5
    assert steps[3] == "5504020008000000"  # if r4 != 0x8 goto +0x2
    assert steps[4] == "0500010000000000"  # goto +0x1


def test_a_jump_to_nowhere_is_refused() -> None:
    with pytest.raises(KeyError):
        assembled(Jump("nowhere"))


def test_the_program_is_short() -> None:
    assert len(instructions(5, 6, 7)) // 8 == 38
