"""Room for answers that wait for nobody (attack case 42): what the kernel is asked for, and what if it refuses."""

from pathlib import Path

import pytest

from ringfence.hosts.sendroom import SEND_ROOM, ensure_send_room


@pytest.mark.parametrize(("before", "after"), [("212992\n", str(SEND_ROOM)), ("8388608\n", "8388608\n")])
def test_the_limit_is_raised_and_never_lowered(tmp_path: Path, before: str, after: str) -> None:
    limit = tmp_path / "wmem_max"
    limit.write_text(before)
    assert ensure_send_room(limit) == 0
    assert limit.read_text() == after


def test_a_kernel_that_refuses_lacks_what_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit with ProtectKernelTunables, a container."""
    limit = tmp_path / "wmem_max"
    limit.write_text("212992\n")

    def refuse(*_: object, **__: object) -> int:
        raise PermissionError

    monkeypatch.setattr(Path, "write_text", refuse)
    assert ensure_send_room(limit) == SEND_ROOM - 212_992


def test_what_cannot_be_read_is_not_complained_of(tmp_path: Path) -> None:
    """In the network namespace of an older kernel there is no such file."""
    assert ensure_send_room(tmp_path / "missing") == 0


def test_core_sbc_and_package_ask_for_the_same() -> None:
    root = Path(__file__).parents[3]
    assert f"net.core.wmem_max = {SEND_ROOM}\n" in (root / "deploy/sysctl.conf").read_text()
    for name in ("core", "sbc"):
        assert f"\nmaxsndbuffer={SEND_ROOM}\n" in (root / f"src/ringfence/engines/templates/{name}.cfg.j2").read_text()
