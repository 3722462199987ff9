"""What a worker tells the voice process of a call, and what it does not (recordings)."""

import importlib
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from ringfence.policy.book import Subscriber, Tenant
from ringfence.policy.calls.calling import Calling
from ringfence.policy.calls.recording import Direction, RecordingRules
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

type Worker = Callable[[RecordingRules], Any]

ANN = Subscriber("101@a.example", 3, 1, "r", True, "Ann", "x", "y")
BOB = Subscriber("102@a.example", 3, 2, "r", True, "Bob", "x", "y", calling=Calling(recording=()))
DIALOG = {
    "$dlg_var(id)": "1-1", "$dlg_var(from)": ANN.aor, "$dlg_var(to)": BOB.aor, "$dlg_var(payer)": ANN.aor,
    "$dlg_var(codec)": "PCMA", "$dlg_var(callee)": "sip:192.0.2.7:5060;transport=udp", "$dlg_var(tenant)": "3",
    "$dlg_var(called_tag)": "theirs", "$dlg(from_tag)": "ours", "$dlg(callid)": "c1",
}  # fmt: skip


@pytest.fixture
def dialog() -> dict[str, str]:
    return dict(DIALOG)


@pytest.fixture
def kamailio(dialog: dict[str, str]) -> Iterator[Kamailio]:
    with loaded() as fake:
        fake.answers = {"pv.get": dialog.get, "kx.get_callid": "c1", "sl.send_reply": 1}
        yield fake


@pytest.fixture
def recording(kamailio: Kamailio) -> ModuleType:
    return importlib.import_module("ringfence.signaling.features.recording")


@pytest.fixture
def voice(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "news.sock"))
        heard.setblocking(False)
        yield heard


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    made: list[Any] = []
    yield made
    for line in made:
        line.close()


@pytest.fixture
def worker(tmp_path: Path, lines: list[Any]) -> Worker:
    return lambda rules: _worker(tmp_path, rules, lines)


def _worker(folder: Path, rules: RecordingRules, lines: list[Any]) -> Any:
    line = importlib.import_module("ringfence.signaling.features.voiceline").VoiceLine(folder / "news.sock")
    lines.append(line)
    view = SimpleNamespace(subscriber={ANN.aor: ANN, BOB.aor: BOB}.get)
    return SimpleNamespace(voice=line, view=view, tenant=lambda domain: Tenant(3, "A", domain, recording=rules))


def test_an_answered_call_is_told_with_the_decision(
    recording: ModuleType, voice: socket.socket, worker: Worker
) -> None:
    recording.answered(worker(RecordingRules((Direction.INTERNAL,), announced=False)))
    told = json.loads(voice.recv(65_536))
    assert (told["about"], told["relay"], told["tags"]) == ("call", "c1", ["ours", "theirs"])
    assert (told["why"], told["direction"], told["announced"]) == ("tenant", "internal", False)
    assert told["extensions"] == [True, True]


def test_a_call_from_outside_has_one_extension(
    recording: ModuleType, voice: socket.socket, worker: Worker, dialog: dict[str, str]
) -> None:
    dialog["$dlg_var(direction)"], dialog["$dlg_var(from)"] = "inbound", "+4930111@a.example"
    dialog["$dlg_var(payer)"] = BOB.aor
    recording.answered(worker(RecordingRules((Direction.INBOUND,))))
    told = json.loads(voice.recv(65_536))
    assert (told["extensions"], told["why"]) == ([False, True], ""), "Bob wants nothing recorded"


@pytest.mark.parametrize(
    ("name", "value"), [("$dlg_var(codec)", ""), ("$dlg_var(callee)", "sip:127.0.0.1:5070;transport=udp")]
)
def test_what_the_system_itself_answers_is_no_call(
    recording: ModuleType, voice: socket.socket, worker: Worker, dialog: dict[str, str], name: str, value: str
) -> None:
    """Voicemail and announcements are not recorded, and nothing without audio."""
    dialog[name] = value
    recording.answered(worker(RecordingRules((Direction.INTERNAL,))))
    with pytest.raises(BlockingIOError):
        voice.recv(65_536)


def test_a_call_goes_on_without_a_voice_process(recording: ModuleType, worker: Worker) -> None:
    one = worker(RecordingRules((Direction.INTERNAL,)))
    recording.answered(one)
    recording.ended(one)
    assert recording.press(one).code == 503


def test_the_record_key_is_answered_here_and_told(
    recording: ModuleType, voice: socket.socket, worker: Worker, dialog: dict[str, str]
) -> None:
    """INFO with Record: on or off; an INFO without it is the other side's."""
    assert not recording.is_key("INFO")
    dialog["$hdr(Record)"], dialog["$ft"] = "On", "ours"
    assert recording.is_key("INFO")
    assert not recording.is_key("BYE")
    assert recording.press(worker(RecordingRules())) is None
    assert json.loads(voice.recv(65_536)) == {"about": "record-key", "relay": "c1", "tag": "ours", "on": True}
