"""`ringfence transport watch`: why a phone does not come in over TLS.

Kamailio writes nothing down of what strangers send, so that no attack fills the log. It does while somebody watches:
for so many seconds, and not more than so many bytes of its log.
"""

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, NoReturn

import typer

from ringfence.cli.outcome import refuse_unanswered
from ringfence.cli.refused_tls import told
from ringfence.corelink import Core
from ringfence.hosts.paths import Paths

ERRORS, USUAL = -1, -2
"""Kamailio's levels; the second one is `debug` of its configuration."""

LARGEST: Final = 1 << 20
BETWEEN_LOOKS: Final = 0.2


def watch(
    seconds: Annotated[int, typer.Option(min=5, max=600, help="For how long.")] = 60,
) -> None:
    """Say who is turned away by TLS, and why: a phone that shows no good certificate, or does not trust ours."""
    paths = Paths.from_environment()
    logs = [Tail(paths.logs / "core.log"), Tail(paths.logs / "sbc.log")]
    with ExitStack() as stack:
        controls = (paths.core_control, paths.sbc_control)
        if not [stack.enter_context(noted(path)) for path in controls if is_told(path, ERRORS)]:
            refuse_unanswered("the SIP core does not answer; only root is answered")
        typer.echo(f"Watching for {seconds} seconds; let the phone try now.")
        for line in told(new_lines(logs, time.monotonic() + seconds)):
            typer.echo(line)


def is_told(control: Path, level: int) -> bool:
    return Core(control).ask("corex.debug", level)


@contextmanager
def noted(control: Path) -> Iterator[Path]:
    """Puts the usual level back, whatever ends this."""
    signal.signal(signal.SIGTERM, _end)
    signal.signal(signal.SIGHUP, _end)
    try:
        yield control
    finally:
        is_told(control, USUAL)


def _end(*_: object) -> NoReturn:
    raise SystemExit(1)


@dataclass(slots=True)
class Tail:
    """What is added to a file from now on; one that is not there yet, or is put aside meanwhile, begins anew."""

    path: Path
    place: int = -1
    read: int = 0
    rest: bytes = b""

    def __post_init__(self) -> None:
        self.place = self._size()

    def lines(self) -> list[str]:
        if self._size() < self.place:
            self.place, self.rest = 0, b""
        try:
            with self.path.open("rb") as file:
                file.seek(self.place)
                added = file.read(LARGEST)
        except OSError:
            return []
        self.place += len(added)
        self.read += len(added)
        *whole, self.rest = (self.rest + added).split(b"\n")
        return [line.decode(errors="replace") for line in whole]

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except OSError:
            return 0


def new_lines(logs: list[Tail], until: float) -> Iterator[str]:
    """Ends with the time, or when strangers fill a log."""
    while time.monotonic() < until:
        for log in logs:
            yield from log.lines()
        if any(log.read > LARGEST for log in logs):
            typer.echo("Too many are turned away: the log shall not fill up. Watch again.")
            return
        time.sleep(BETWEEN_LOOKS)
