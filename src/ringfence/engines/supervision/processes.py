"""What the kernel knows about processes: who is alive, who belongs to which session."""

import asyncio
import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
_STATE, _SESSION, _TERMINAL, _USER, _SYSTEM, _START = 0, 3, 4, 11, 12, 19
"""Positions in /proc/PID/stat after the command's closing parenthesis (proc_pid_stat(5))."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A process beyond doubt: numbers are used again, the pair of number and start time is not."""

    pid: int
    start: int


def identity(pid: int) -> Identity | None:
    """The living process of that number; None if there is none or only its zombie."""
    fields = _stat(pid)
    return None if fields is None or fields[_STATE] in "ZX" else Identity(pid, int(fields[_START]))


def is_alive(process: Identity) -> bool:
    return identity(process.pid) == process


def is_stopped(pid: int) -> bool:
    """Whether somebody stopped it (SIGSTOP). One with a terminal is left out: its user typed Ctrl-Z and may go on."""
    fields = _stat(pid)
    return fields is not None and fields[_STATE] == "T" and fields[_TERMINAL] == "0"


def worked(pid: int) -> float:
    """Seconds of a processor that it took since its start; 0 for one that is gone."""
    fields = _stat(pid)
    return (int(fields[_USER]) + int(fields[_SYSTEM])) / os.sysconf("SC_CLK_TCK") if fields is not None else 0.0


def session_members(session: int) -> tuple[int, ...]:
    """The living processes of a session, its leader included."""
    members = []
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        fields = _stat(int(entry.name))
        if fields is not None and int(fields[_SESSION]) == session and fields[_STATE] not in "ZX":
            members.append(int(entry.name))
    return tuple(members)


def kill_session(leader: Identity) -> tuple[int, ...]:
    """Kill what is left of the session a child led. Nothing happens if its number now belongs to somebody else."""
    current = identity(leader.pid)
    if current is not None and current != leader:
        return ()
    members = session_members(leader.pid)
    for pid in members:
        send(pid, signal.SIGKILL)
    return members


def send(pid: int, what: signal.Signals) -> bool:
    """Send a signal; False if the process had already gone."""
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return False
    return True


async def ended(process: Identity) -> None:
    """Returns when the process has ended; works for children and for strangers alike."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    gone: asyncio.Future[None] = loop.create_future()
    loop.add_reader(descriptor, gone.cancel)
    try:
        if is_alive(process):
            await asyncio.wait([gone])
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


def _stat(pid: int) -> list[str] | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()
