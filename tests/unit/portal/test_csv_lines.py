"""Files of phones, people and rules as spreadsheets write them (reference, "IP Phone Provisioning": import)."""

import pytest

from ringfence.portal.problems import Refused
from ringfence.portal.tables.csvlines import Shape, read_lines

SHAPE = Shape(("extension", "vendor", "mac", "srtp"), ("extension", "mac"))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_the_separator_of_the_first_line_is_that_of_the_file(separator: str, start: str, end: str) -> None:
    """Spreadsheets in German write semicolons."""
    lines = ["extension,vendor,mac,", '870,"yea,;link",001565aabbcc,']
    text = start + end.join(line.replace(",", separator, 4).replace("yea" + separator, "yea,") for line in lines)
    (found,) = read_lines(text, SHAPE)
    assert found.values == {"extension": "870", "vendor": "yea,;link", "mac": "001565aabbcc", "srtp": ""}
    assert not found.has_more


@pytest.mark.parametrize("heading", ["srtp-mode", "mac", "more", " Encryption"])
def test_a_column_that_nobody_reads_is_refused(heading: str) -> None:
    """What was meant to require encryption must not be left out in silence."""
    with pytest.raises(Refused, match="cannot be read"):
        read_lines(f"extension,mac,{heading}\n870,001565aabbcc,required\n", SHAPE)


@pytest.mark.parametrize("text", ["a" * 140_000, "extension,mac\n" + "a" * 140_000])
def test_a_cell_without_end_is_no_fault_of_ours(text: str) -> None:
    with pytest.raises(Refused, match="no CSV"):
        read_lines(text, SHAPE)


def test_more_values_than_columns_are_told() -> None:
    (found,) = read_lines("extension,mac\n870,001565aabbcc,x\n", SHAPE)
    assert found.has_more
