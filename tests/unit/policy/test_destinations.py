"""Where a call can lead inside the system; nothing outside can be written as a destination."""

import pytest

from ringfence.policy.calls.destinations import Destination, DestinationKind, parse_destination


@pytest.mark.parametrize("text", ["extension:101", "ring_group:7", "voicemail:101", "time_condition:3", "hang_up:"])
def test_a_destination_survives_its_text_form(text: str) -> None:
    assert str(parse_destination(text)) == text


@pytest.mark.parametrize(
    "text", ["", "trunk:7", "extension:", "extension:a b", "hang_up:1", "extension:+49\n30", "101"]
)
def test_what_is_no_destination_is_refused(text: str) -> None:
    """A trunk is no destination: what comes in never leaves over another trunk by itself."""
    with pytest.raises(ValueError, match=r".+"):
        parse_destination(text)


def test_hang_up_has_no_value() -> None:
    assert Destination(DestinationKind.HANG_UP).value == ""
