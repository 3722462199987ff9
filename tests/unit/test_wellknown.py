"""Well-known passwords: the list that Django ships, and one the operator brings."""

import time
from pathlib import Path

import pytest

from ringfence import wellknown

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("password", ["password", "Password", "QWERTYUIOP", "p@ssw0rd", "letmein"])
def test_the_usual_ones_are_known(password: str) -> None:
    assert wellknown.is_well_known(password)


def test_there_are_about_twenty_thousand() -> None:
    assert 19_000 < len(wellknown.shipped()) < 21_000


@pytest.mark.parametrize(
    "text", ["one\nsommer2026!\nlast", "sommer2026!\n", "one\r\nsommer2026!\r\n", "x\nsommer2026!"]
)
def test_an_operators_line_counts_whole_lines_only(tmp_path: Path, text: str) -> None:
    (tmp_path / wellknown.OPERATORS).write_text(text, newline="")
    assert wellknown.is_well_known("Sommer2026!", tmp_path)
    assert not wellknown.is_well_known("ommer2026!", tmp_path)
    assert not wellknown.is_well_known("Sommer2026!x", tmp_path)


@pytest.mark.parametrize("text", [None, ""])
def test_no_file_and_an_empty_one_hold_nothing(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / wellknown.OPERATORS).write_text(text)
    assert not wellknown.is_well_known("Sommer2026!", tmp_path)


def test_a_file_of_millions_is_searched_where_it_lies(tmp_path: Path) -> None:
    block = "".join(f"some-password-{number:06}\n" for number in range(100_000))
    with (tmp_path / wellknown.OPERATORS).open("w") as stream:
        stream.writelines([block] * 20 + ["sommer2026!\n"])
    started = time.process_time()
    assert wellknown.is_well_known("Sommer2026!", tmp_path)
    assert time.process_time() - started < 1
