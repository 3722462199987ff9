"""A change of the web server is told when no process of before takes connections any more (attack case 87)."""

from pathlib import Path

import pytest

from ringfence.engines import webworkers
from ringfence.engines.changing import webaccess
from ringfence.engines.changing.webaccess import WebServer
from ringfence.engines.listeners import WebAccess
from tests.unit.engines.systems import a_system

WORKER = b"nginx: worker process"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WebServer:
    """Its nginx is process 7 with the workers 8 and 9, and a cache manager."""
    monkeypatch.setattr(webworkers, "PROCESSES", tmp_path / "proc")
    monkeypatch.setattr(webaccess, "_not_served", lambda *_: "")
    monkeypatch.setattr(webaccess, "SERVED_WITHIN", 0.3)
    monkeypatch.setattr(webaccess, "POLL", 0.01)
    system = a_system(state=tmp_path, run=tmp_path / "run")
    system.paths.nginx.mkdir(parents=True)
    (system.paths.nginx / "nginx.pid").write_text("7\n")
    (tmp_path / "proc/7/task/7").mkdir(parents=True)
    (tmp_path / "proc/7/task/7/children").write_text("8 9 10 ")
    for pid, title in ((8, WORKER + b"\0\0\0"), (9, WORKER), (10, b"nginx: cache manager process")):
        named(tmp_path, pid, title)
    return WebServer(system)


def named(folder: Path, pid: int, title: bytes) -> None:
    process = folder / "proc" / str(pid)
    process.mkdir(exist_ok=True)
    (process / "cmdline").write_bytes(title)


def test_it_waits_until_the_old_workers_are_gone_or_serve_what_they_have_to_the_end(
    server: WebServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They answered an authority beside the new ones: with the redirection of before, or what was closed."""
    waited: list[float] = []

    def leave(seconds: float) -> None:
        waited.append(seconds)
        if len(waited) == 1:
            named(tmp_path, 8, WORKER + b" is shutting down")
        else:
            (tmp_path / "proc/9/cmdline").unlink()

    monkeypatch.setattr(webaccess.time, "sleep", leave)
    assert server._reload("", WebAccess()) == ""
    assert len(waited) == 2


def test_what_is_served_stays_though_old_workers_are_slow(server: WebServer, caplog: pytest.LogCaptureFixture) -> None:
    assert server._reload("", WebAccess()) == ""
    assert "nginx has not ended its old workers yet: [8, 9]" in caplog.text


def test_a_web_server_that_does_not_run_has_none(server: WebServer, tmp_path: Path) -> None:
    (tmp_path / "proc/7/task/7/children").unlink()
    assert server._reload("", WebAccess()) == ""
