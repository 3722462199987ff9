"""The end of an answered call is told once, whoever ends it (docs/adr/0054)."""

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.unit.signaling.fake_kamailio import Kamailio, loaded

PHONE, OTHER = "sip:192.0.2.7:5060;transport=udp", "sip:192.0.2.8:5060;transport=udp"
BYE = {
    "$rm": "BYE", "$ft": "theirs", "$tt": "ours", "$dlg(from_tag)": "ours", "$dlg_var(id)": "1-1",
    "$dlg_var(caller)": PHONE, "$dlg(from_contact)": PHONE, "$dlg_var(callee)": OTHER, "$dlg(to_contact)": OTHER,
    "$dlg(callid)": "c1", "$dlg(to_tag)": "theirs", "$dlg(from_cseq)": 7, "$dlg(to_cseq)": 3, "$cs": 4,
    "$dlg(state)": 4,
    "$sndto(ip)": "192.0.2.7", "$sndto(port)": 5060,
}  # fmt: skip


@pytest.fixture
def kamailio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kamailio]:
    monkeypatch.setenv("RINGFENCE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("RINGFENCE_RUN_DIR", str(tmp_path))
    (tmp_path / "journal").mkdir()
    values: dict[str, Any] = dict(BYE)
    with loaded() as fake:
        fake.answers = {
            "pv.get": values.get,
            "pv.sets": values.__setitem__,
            "kx.get_callid": "c1",
            "dialog.dlg_get": lambda call_id, one, other: 1 if (one, other) == ("ours", "theirs") else -1,
            "dialog.dlg_set_timeout": 1,
            "tm.t_uac_send": 1,
            "rtpengine.rtpengine_delete0": 1,
            "err": None,
        }
        yield fake


@pytest.fixture
def main(kamailio: Kamailio) -> ModuleType:
    return importlib.import_module("ringfence.signaling.main")


def ends(tmp_path: Path) -> list[dict[str, Any]]:
    lines = "".join(path.read_text() for path in sorted((tmp_path / "journal").glob("events-*")))
    return [event for event in map(json.loads, lines.splitlines()) if event["kind"] == "call.ended"]


def test_an_end_by_the_system_is_told_before_its_bye_and_not_again(main: ModuleType, tmp_path: Path) -> None:
    """The second BYE and the dialog's own event add nothing."""
    assert main.ksr_hanging_up() < 0
    assert main.ksr_hanging_up() < 0
    assert main.ksr_dialog_event("dialog:end") > 0
    assert [(event["call_id"], event["ended_by"]) for event in ends(tmp_path)] == [("1-1", "system")]


def test_a_party_that_hangs_up_is_named(main: ModuleType, tmp_path: Path) -> None:
    assert main.ksr_dialog_event("dialog:end") > 0
    assert [event["ended_by"] for event in ends(tmp_path)] == ["callee"]


def test_a_bye_of_no_call_of_ours_tells_nothing(kamailio: Kamailio, main: ModuleType, tmp_path: Path) -> None:
    kamailio.answers["dialog.dlg_get"] = -1
    assert main.ksr_hanging_up() > 0
    assert ends(tmp_path) == []
