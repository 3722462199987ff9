"""Kamailio's callbacks fail closed, whatever happens inside them (STYLE: KEMI, points 1 to 3)."""

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import ringfence
from tests.unit.signaling.fake_kamailio import Kamailio, loaded

SIGNALING = Path(ringfence.__file__).parent / "signaling"
TEMPLATE = Path(ringfence.__file__).parent / "engines" / "templates" / "core.cfg.j2"


@pytest.fixture
def kamailio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kamailio]:
    monkeypatch.setenv("RINGFENCE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("RINGFENCE_RUN_DIR", str(tmp_path))
    (tmp_path / "journal").mkdir()
    with loaded() as fake:
        yield fake


@pytest.fixture
def main(kamailio: Kamailio) -> ModuleType:
    return importlib.import_module("ringfence.signaling.main")


def events(tmp_path: Path) -> list[dict[str, object]]:
    lines = "".join(path.read_text() for path in sorted((tmp_path / "journal").glob("events-*")))
    return [json.loads(line) for line in lines.splitlines()]


def test_an_exception_in_the_request_route_answers_500_and_tells(
    kamailio: Kamailio, main: ModuleType, tmp_path: Path
) -> None:
    """Kamailio itself would drop the request without an answer. Attack case 51."""
    kamailio.answers = {"kx.get_msgbuf": 1 / 3, "sl.send_reply": 1, "err": None}
    assert main.ksr_request_route() == 1
    assert kamailio.arguments_of("sl.send_reply") == [(500, "Server Internal Error")]
    told = [event for event in events(tmp_path) if event["kind"] == "engine.exception"]
    assert told
    assert told[0]["where"] == "ksr_request_route"


@pytest.mark.parametrize(
    "callback",
    [
        "ksr_reply_call",
        "ksr_reply_in_dialog",
        "ksr_failure_call",
        "ksr_failure_in_dialog",
        "ksr_dialog_event",
        "ksr_branch_text",
        "ksr_failure_text",
        "ksr_device_refused",
    ],
)
def test_an_exception_in_any_other_route_drops_the_message(kamailio: Kamailio, main: ModuleType, callback: str) -> None:
    """Kamailio itself would send the call on, or forward the reply."""
    kamailio.answers = {"err": None, "pv.get": lambda name: 1 / 0}
    assert getattr(main, callback)("dialog:end") < 0


def test_core_cfg_drops_what_a_callback_did_not_judge_and_calls_only_callbacks_that_exist(main: ModuleType) -> None:
    """Kamailio goes on after a failed `app_python3s_exec`, and after a name that does not exist."""
    script = TEMPLATE.read_text()
    called = set(re.findall(r'app_python3s_exec\("(\w+)"', script))
    assert called == {name for name in vars(main) if name.startswith("ksr_")}
    for route in (
        "onreply_route[ksr_reply_call]",
        "onreply_route[ksr_reply_in_dialog]",
        "failure_route[ksr_failure_call]",
        "failure_route[ksr_failure_in_dialog]",
        "failure_route[ksr_failure_text]",
        "branch_route[ksr_branch_text]",
    ):
        name = route.partition("[")[2].rstrip("]")
        assert f'{route} {{\n    if (!app_python3s_exec("{name}")) drop;\n}}' in script


def test_an_error_that_repeats_does_not_fill_the_disk(kamailio: Kamailio, main: ModuleType, tmp_path: Path) -> None:
    kamailio.answers = {"kx.get_msgbuf": None, "sl.send_reply": 1, "err": None}
    for _ in range(500):
        main.ksr_request_route()
    assert len(kamailio.arguments_of("sl.send_reply")) == 500
    assert len([event for event in events(tmp_path) if event["kind"] == "engine.exception"]) <= 10


def test_without_any_policy_everything_is_refused(kamailio: Kamailio, main: ModuleType) -> None:
    """A store that cannot be opened never means yes."""
    kamailio.answers = {
        "kx.get_msgbuf": "REGISTER", "kx.get_method": "REGISTER", "kx.get_srcip": "192.0.2.1", "kx.get_proto": "udp",
        "kx.get_msglen": 400, "kx.get_ruri": "sip:a.example", "kx.get_furi": "sip:1@a.example",
        "kx.get_turi": "sip:1@a.example", "kx.get_callid": "x", "sanity.sanity_check": 1, "force_rport": True,
        "pv.get": lambda name: None if name == "$tt" else 1, "sl.send_reply": 1, "err": None,
    }  # fmt: skip
    main.ksr_request_route()
    assert kamailio.arguments_of("sl.send_reply") == [(503, "Service Unavailable")]


@pytest.mark.parametrize("answer", [False, None, 0, -1, -2, "1"])
def test_only_a_positive_answer_is_a_yes(kamailio: Kamailio, answer: object) -> None:
    """Kamailio 6 answers False to a mistaken call, and False is not below 0."""
    ksr = importlib.import_module("ringfence.signaling.ports.ksr")
    kamailio.answers = {
        "sanity.sanity_check": answer, "auth.pv_auth_check": answer, "tm.t_relay": answer,
        "dialog.is_known_dlg": answer, "rtpengine.rtpengine_offer": answer,
    }  # fmt: skip
    assert not ksr.sane()
    assert not ksr.relay()
    assert not ksr.dialog_known()
    assert not ksr.media_offer("x")
    assert importlib.import_module("ringfence.signaling.ports.digests").check_digest("a.example", "h") != 1


def test_every_route_named_to_kamailio_exists_and_is_guarded(main: ModuleType) -> None:
    """`t_on_reply` with a misspelled name would let the message pass unchecked."""
    named = {
        node.value
        for path in SIGNALING.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("ksr_")
    }
    assert named
    callbacks = {name for name in vars(main) if name.startswith("ksr_")}
    assert named <= callbacks
    assert all(hasattr(getattr(main, name), "__wrapped__") for name in callbacks)


def test_worker_code_loads_neither_openssl_nor_django() -> None:
    """Kamailio's TLS and Python's would share one OpenSSL; and what is not loaded cannot be attacked."""
    source = (
        "import sys, types\n"
        "class Any:\n"
        "    def __getattr__(self, name): return Any()\n"
        "sys.modules['KSR'] = Any()\n"
        "import ringfence.signaling.main\n"
        "print([name for name in ('ssl', 'hashlib', 'secrets', 'django', '_ssl', '_hashlib') if name in sys.modules])\n"
    )
    result = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=20, check=True)
    assert result.stdout.strip() == "[]"
