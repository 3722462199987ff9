"""A phone whose transfer failed has heard numbers the party did not send (RFC 3261 section 12.2.2, docs/adr/0047)."""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.signaling.fake_kamailio import Kamailio, loaded


@pytest.fixture
def values() -> dict[str, Any]:
    return {"$dlg_var(phone_side)": "callee", "$dlg(from_tag)": "out", "$dlg(to_tag)": "ann", "$cs": 9, "$rm": "BYE"}


@pytest.fixture
def kamailio(values: dict[str, Any]) -> Iterator[Kamailio]:
    with loaded() as fake:
        fake.answers = {"pv.get": values.get, "textops.remove_hf": 1, "hdr.append": 1}
        yield fake


def written(kamailio: Kamailio) -> list[str]:
    return [line for (line,) in kamailio.arguments_of("hdr.append")]


def test_the_partys_requests_are_numbered_higher_and_its_replies_as_it_knows_them(
    kamailio: Kamailio, values: dict[str, Any]
) -> None:
    sequence = importlib.import_module("ringfence.signaling.calling.sequence")
    values["$dlg_var(cseq_raised)"] = "3"
    sequence.raise_towards("callee")
    values.update({"$ft": "out", "$cs": 12})
    sequence.restore()
    assert written(kamailio) == ["CSeq: 12 BYE\r\n", "CSeq: 9 BYE\r\n"]


@pytest.mark.parametrize(("raised", "receiver", "sender"), [("", "callee", "out"), ("3", "caller", "ann")])
def test_everything_else_keeps_its_number(
    kamailio: Kamailio, values: dict[str, Any], raised: str, receiver: str, sender: str
) -> None:
    """Calls without a transfer, and the phone's own requests."""
    sequence = importlib.import_module("ringfence.signaling.calling.sequence")
    values.update({"$dlg_var(cseq_raised)": raised, "$ft": sender})
    sequence.raise_towards(receiver)
    sequence.restore()
    assert written(kamailio) == []
