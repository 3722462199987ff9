"""A core that is started anew for a change has to serve (reference "Change Default SIP Transport Ports")."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ringfence.engines.supervision import corestart
from ringfence.engines.supervision.corestart import restart_core
from ringfence.hosts.paths import Paths


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Paths]:
    """Of a core that binds its ports each time it is started."""
    found = Paths(state=tmp_path, run=tmp_path / "run")
    found.core_pid.parent.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as old, subprocess.Popen(["sleep", "60"]) as new:
        pids = iter([old.pid])
        monkeypatch.setattr(corestart, "core_pid", lambda _: next(pids, new.pid))
        monkeypatch.setattr(corestart, "transports_are_bound", lambda _: True)
        monkeypatch.setattr(corestart, "STARTED_WITHIN", 0.3)
        yield found
        new.kill()


def test_one_that_serves_is_in_force(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corestart, "answers_options", lambda _: True)
    assert restart_core(paths, ()) == ""


def test_one_that_ends_between_bind_and_serve_is_rolled_back(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    """The change was told as done, and no phone came in any more."""
    monkeypatch.setattr(corestart, "answers_options", lambda _: False)
    assert restart_core(paths, ()) == "it listens and does not serve"
