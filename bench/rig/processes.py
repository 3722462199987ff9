"""Starts and stops the processes of a measurement, each in its namespace and on its processor."""

import os
import pwd
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.rig.network import enter

GENERATOR_PROCESSOR: Final = 0
SYSTEM_PROCESSOR: Final = min(1, (os.cpu_count() or 1) - 1)
STOP_SECONDS: Final = 10.0


class NotReady(Exception):
    """A system did not come up; the message says which and shows the end of its log."""


def start(
    words: Sequence[str],
    namespace: str,
    processor: int,
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    user: str | None = None,
    cwd: Path | None = None,
    umask: int = -1,
    files: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Starts a command in its own process group, with these open files; its output goes to `log`."""

    def settle() -> None:
        enter(namespace)
        os.sched_setaffinity(0, {processor})

    with log.open("ab") as output:
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            umask=umask,
            preexec_fn=_settle_as(user, settle),
            start_new_session=True,
            pass_fds=files,
        )


def _settle_as(user: str | None, settle: Callable[[], None]) -> Callable[[], None]:
    """Namespaces need root, so the change of user comes last."""
    if user is None:
        return settle
    entry = pwd.getpwnam(user)

    def settle_and_drop() -> None:
        settle()
        os.initgroups(user, entry.pw_gid)
        os.setgid(entry.pw_gid)
        os.setuid(entry.pw_uid)

    return settle_and_drop


def stop(process: subprocess.Popen[bytes], with_signal: int = signal.SIGTERM) -> None:
    """Ends a process and all of its group."""
    if process.poll() is None:
        process.send_signal(with_signal)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
    _end_group(process.pid)
    process.wait()


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


@contextmanager
def running(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Stops the process when the block ends, however it ends."""
    try:
        yield process
    finally:
        stop(process)


def wait_until(ready: Callable[[], bool], what: str, log: Path, seconds: float = 20.0) -> None:
    """Returns as soon as `ready()` says so. Raises NotReady after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return
        time.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:]) if log.exists() else "(no log)"
    raise NotReady(f"{what} was not ready after {seconds:g} s. Its last words:\n{tail}")
