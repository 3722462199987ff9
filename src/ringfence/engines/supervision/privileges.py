"""How a process gets rid of root's rights: one command line in front of its own."""

import contextlib
import resource
import subprocess
from collections.abc import Mapping, Sequence
from typing import IO, Final

from ringfence.engines.supervision.processes import worked

LEAST_WORK: Final = 0.01
"""Of one processor: whoever waits for a lock takes less, whoever shares the machine with a hundred others as much."""


def dropping(
    argv: Sequence[str], account: str, capabilities: Sequence[str] = (), open_files: int = 65536
) -> tuple[str, ...]:
    """`argv` run as `account` with exactly these capabilities, without a way to gain more and without core files.

    An empty account leaves the user as it is (tests), the limits still hold.
    """
    files = allowed_files(open_files)
    limited = ("prlimit", f"--nofile={files}:{files}", "--core=0:0", "--")
    if not account:
        return (*limited, *argv)
    kept = ",".join(["-all", *(f"+{name}" for name in capabilities)])
    return (
        *limited, "setpriv", f"--reuid={account}", f"--regid={account}", "--init-groups", "--no-new-privs",
        f"--inh-caps={kept}", f"--ambient-caps={kept}", f"--bounding-set={kept}", "--", *argv,
    )  # fmt: skip


def allowed_files(wanted: int) -> int:
    """`wanted` open files, or as many as this process may give: without CAP_SYS_RESOURCE nobody raises a hard limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)


def run_as(
    account: str,
    argv: Sequence[str],
    environment: Mapping[str, str],
    timeout: float,
    umask: int = 0o027,
    capabilities: Sequence[str] = (),
    *,
    stdin: IO[bytes] | None = None,
    extensions: int = 0,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end as an account; its output is returned, a failure is the caller's to judge. The time is
    given so many times more while it works: a machine that is busy makes it slow, not stuck."""
    with subprocess.Popen(
        dropping(argv, account, capabilities),
        env=dict(environment),
        cwd="/",
        stdin=stdin or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        umask=umask,
    ) as running:
        try:
            out, complaint = _communicate(running, timeout, extensions)
        except BaseException:
            running.kill()
            raise
    return subprocess.CompletedProcess(running.args, running.returncode, out, complaint)


def _communicate(running: "subprocess.Popen[str]", timeout: float, extensions: int) -> tuple[str, str]:
    """Raises TimeoutExpired."""
    before = 0.0
    for _ in range(extensions):
        with contextlib.suppress(subprocess.TimeoutExpired):
            return running.communicate(timeout=timeout)
        before, last = worked(running.pid), before
        if before - last < timeout * LEAST_WORK:
            raise subprocess.TimeoutExpired(running.args, timeout)
    return running.communicate(timeout=timeout)
