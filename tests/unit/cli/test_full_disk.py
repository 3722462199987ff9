"""A verb on a disk that takes nothing says so in one sentence (attack case 121)."""

import errno
import os

import pytest

from ringfence.cli import app


def failing_with(number: int) -> object:
    def verb() -> None:
        raise OSError(number, os.strerror(number), "/var/lib/ringfence/state.json")

    return verb


def ended(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(app, "VERBS", (("down", failing_with(number)),))
    monkeypatch.setattr("sys.argv", ["ringfence", "down"])
    app.main()


@pytest.mark.parametrize(
    ("number", "said"), [(errno.ENOSPC, "there is no room on the disk"), (errno.EROFS, "the disk is read-only")]
)
def test_it_says_what_to_do_and_names_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, said: str
) -> None:
    """`backup` and `public-address` ended with a page of Python."""
    with pytest.raises(SystemExit) as end:
        ended(monkeypatch, number)
    assert end.value.code == 1
    told = capsys.readouterr().err
    assert told.startswith(f"ringfence: {said}") and told.endswith("/var/lib/ringfence/state.json\n")


def test_another_failure_of_the_system_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OSError, match="Permission"):
        ended(monkeypatch, errno.EACCES)
