"""The supervisor: starts the children, restarts whatever ends, never gives up; it can be replaced under a running call.

`python -m ringfence.engines.supervise FOLDER LOG` reads FOLDER/children.json and writes FOLDER/state.json at a change.
A successor finds the running children there, by number and start time, and goes on watching them (pidfd_open(2) works
for any process). It is the only process that stays root, as init does; nobody reaches it over a socket, and beside that
folder it reads how much of the logs is kept: three numbers within bounds. What the guard inherits is loaded here.
"""

import asyncio
import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from ringfence.doorstep.program import handing_on
from ringfence.engines.supervision import notes as noted
from ringfence.engines.supervision.child import Child
from ringfence.engines.supervision.childlist import read_children
from ringfence.engines.supervision.endings import Endings, was_asked_to_end
from ringfence.engines.supervision.lastwords import last_words, length
from ringfence.engines.supervision.logfiles import LARGEST, LogKeeper, open_log, read_log_rules
from ringfence.engines.supervision.privileges import dropping
from ringfence.engines.supervision.probes import hushed, is_ready
from ringfence.engines.supervision.processes import (
    Identity,
    ended,
    identity,
    is_alive,
    is_stopped,
    kill_session,
    send,
    session_members,
)
from ringfence.engines.supervision.standstill import EVERY as LOOK_EVERY
from ringfence.engines.supervision.standstill import STOPPED_ROUNDS, Stillness
from ringfence.engines.supervision.unit import LONG_RUN, Unit, restart_delay
from ringfence.engines.supervision.watchdog import fallen_silent
from ringfence.hosts.paths import Paths

log = logging.getLogger("supervise")

READY_POLL: Final = 0.05
ORDER_PATIENCE: Final = 10.0
"""Seconds a child waits for the ones it comes after; then it starts anyway."""

WHOLE_SETTLE: Final = 1.0
"""Seconds a whole child has to fork its workers before their lives are tied together."""

WHOLE_PATIENCE: Final = 0.5
"""Seconds a whole child has to end by itself after it lost a worker."""

BEFORE_SECONDS: Final = 5.0
FAILED_STARTS: Final = "RINGFENCE_FAILED_STARTS"
LOG_CHECK_SECONDS: Final = 1.0
FOLLOW_SECONDS: Final = 0.5
NOTE_AGAIN_SECONDS: Final = 1.0


def written_at(path: Path) -> float:
    """The wall clock when a file was last written; 0 for one that is not there."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


class Supervisor:
    """Keeps one set of children alive until told to stop."""

    def __init__(self, folder: Path, wanted: tuple[Child, ...]) -> None:
        self._folder = folder
        self._units = {child.name: Unit(child) for child in wanted}
        self._stopping = asyncio.Event()
        self._notes_are_old = False
        self._endings = Endings(Paths.from_environment().endings)
        own = identity(os.getpid())
        assert own is not None
        self._own = own

    async def run(self) -> None:
        """Adopt what runs, start the rest, keep all of it alive; returns after `stop` when every child has ended."""
        self._adopt(noted.read_notes(self._folder))
        self._note()
        tasks = [asyncio.create_task(self._keep(unit)) for unit in self._units.values()]
        tasks.append(asyncio.create_task(self._bound_logs()))
        tasks.append(asyncio.create_task(self._follow_files()))
        tasks.append(asyncio.create_task(self._note_again()))
        tasks.append(asyncio.create_task(self._end_hanging()))
        await self._stopping.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for unit in reversed(self._units.values()):
            await self._end(unit)
        noted.forget(self._folder)

    def stop(self) -> None:
        self._stopping.set()

    def _adopt(self, before: noted.Notes | None) -> None:
        if before is None:
            return
        for note in before.children:
            unit = self._units.get(note.name)
            if unit is not None and is_alive(note.identity):
                unit.process, unit.since, unit.restarts = note.identity, note.since, note.restarts
                log.info("adopted %s (process %d)", note.name, note.pid)
                continue
            if unit is not None:
                unit.restarts = note.restarts
            if note.pid:
                kill_session(note.identity)

    async def _keep(self, unit: Unit) -> None:
        if unit.process is None:
            await self._wait_for_others(unit.child)
        while True:
            if unit.process is None and not await self._start(unit):
                unit.short_runs += 1
                self._tell_end(unit)
                self._note()
                await asyncio.sleep(restart_delay(unit.short_runs + 1, unit.ever_ready))
                continue
            began = time.monotonic()
            await self._watch(unit)
            self._bury(unit, time.monotonic() - began)
            await asyncio.sleep(restart_delay(unit.short_runs, unit.ever_ready))

    async def _wait_for_others(self, child: Child) -> None:
        others = [self._units[name].ready.wait() for name in child.after if name in self._units]
        if others:
            await asyncio.wait([asyncio.ensure_future(other) for other in others], timeout=ORDER_PATIENCE)

    async def _start(self, unit: Unit) -> bool:
        child = unit.child
        await self._run_before(unit)
        unit.written = length(Path(child.log))
        output = open_log(Path(child.log))
        try:
            with handing_on(wanted=child.doorstep) as handed:
                unit.opened = subprocess.Popen(
                    dropping(unit.argv, child.account, child.capabilities, child.open_files),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=dict(child.environment + handed.environment),
                    cwd="/",
                    umask=child.umask,
                    start_new_session=True,
                    pass_fds=handed.files,
                )
        except OSError as error:
            log.error("%s cannot be started: %s", child.name, error)
            unit.starts_to_fail(str(error))
            return False
        finally:
            os.close(output)
        unit.process = identity(unit.opened.pid) or Identity(unit.opened.pid, 0)
        unit.since = time.time()
        self._note()
        log.info("started %s (process %d)", child.name, unit.process.pid)
        return True

    async def _run_before(self, unit: Unit) -> None:
        """The preparation learns how many starts in a row failed, and may then leave doubtful things out."""
        child = unit.child
        if not child.before:
            return
        environment = dict(child.environment) | {FAILED_STARTS: str(unit.failed_starts)}
        output = open_log(Path(child.log))
        try:
            running = await asyncio.create_subprocess_exec(
                *dropping(child.before, child.before_account), stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                env=environment, cwd="/", umask=child.umask, start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(output)
        try:
            code = await asyncio.wait_for(running.wait(), BEFORE_SECONDS)
        except TimeoutError:
            running.kill()
            code = await running.wait()
        if code != 0:
            log.error("%s: its preparation ended with %d; starting with what the last one left", child.name, code)

    async def _watch(self, unit: Unit) -> None:
        """Until the child's main process ends."""
        assert unit.process is not None
        ready = asyncio.create_task(self._become_ready(unit))
        try:
            await ended(unit.process)
        finally:
            ready.cancel()
            await asyncio.gather(ready, return_exceptions=True)

    async def _become_ready(self, unit: Unit) -> None:
        for probe in unit.child.ready:
            while not await is_ready(probe):
                await asyncio.sleep(READY_POLL)
        if unit.child.control and not await hushed(unit.child.control):
            log.error("%s goes on to log what strangers send: it could not be told to be silent", unit.child.name)
        unit.serves()
        self._note()
        log.info("%s is ready after %.1f s", unit.child.name, time.time() - unit.since)
        if unit.failed_starts:
            await asyncio.sleep(LONG_RUN)
            unit.has_started()
            self._note()
        if unit.child.answers:
            await self._expect_answers(unit)
        if unit.child.whole:
            await self._tie_together(unit)

    async def _expect_answers(self, unit: Unit) -> None:
        assert unit.process is not None
        await fallen_silent(unit.child.answers)
        log.warning("%s runs and does not answer: ending it", unit.child.name)
        kill_session(unit.process)

    async def _tie_together(self, unit: Unit) -> None:
        assert unit.process is not None
        await asyncio.sleep(WHOLE_SETTLE)
        members = [member for pid in session_members(unit.process.pid) if (member := identity(pid)) is not None]
        deaths = [asyncio.create_task(ended(member)) for member in members]
        try:
            await asyncio.wait(deaths, return_when=asyncio.FIRST_COMPLETED)
            await asyncio.sleep(WHOLE_PATIENCE)
        finally:
            for death in deaths:
                death.cancel()
        log.warning("%s lost one of its processes and did not end by itself: ending it", unit.child.name)
        kill_session(unit.process)

    def _bury(self, unit: Unit, lasted: float) -> None:
        assert unit.process is not None
        code = unit.opened.poll() if unit.opened is not None else None
        left = kill_session(unit.process)
        log.warning(
            "%s ended (%s) after %.1f s%s; restarting",
            unit.child.name, _end_in_words(code), lasted, f", killed {len(left)} left over" if left else "",
        )  # fmt: skip
        if unit.failed_to_start(code, lasted):
            unit.starts_to_fail(last_words(Path(unit.child.log), unit.written))
        if not was_asked_to_end(code):
            self._tell_end(unit)
        unit.short_runs = 1 if lasted >= LONG_RUN else unit.short_runs + 1
        unit.process = unit.opened = None
        unit.restarts += 1
        unit.ready.clear()
        self._note()

    def _tell_end(self, unit: Unit) -> None:
        try:
            self._endings.note(unit.child.name, unit.failed_starts, unit.reason)
        except OSError as error:
            log.error("that %s ended is not told: %s", unit.child.name, error)

    async def _end(self, unit: Unit) -> None:
        if unit.process is None:
            return
        send(unit.process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(ended(unit.process), unit.child.stop_seconds)
        except TimeoutError:
            log.warning("%s did not stop in %.0f s: killed", unit.child.name, unit.child.stop_seconds)
        kill_session(unit.process)
        if unit.opened is not None:
            unit.opened.wait()
        unit.process = unit.opened = None
        log.info("stopped %s", unit.child.name)

    async def _bound_logs(self) -> None:
        files = [Path(name) for unit in self._units.values() for name in (unit.child.log, *unit.child.more_logs)]
        keeper, rules_file = LogKeeper(time.time()), Paths.from_environment().log_rules
        while True:
            rules, now = read_log_rules(rules_file), time.time()
            for file in files:
                keeper.bound(file, rules, now)
            await asyncio.sleep(LOG_CHECK_SECONDS)

    async def _follow_files(self) -> None:
        """Ends each child whose file was written after its start; it is started again like any other."""
        following = [unit for unit in self._units.values() if unit.child.follows]
        while True:
            for unit in following:
                if unit.process is not None and written_at(Path(unit.child.follows)) > unit.since:
                    log.info("%s is to read its file anew", unit.child.name)
                    unit.since = time.time()
                    send(unit.process.pid, signal.SIGTERM)
            await asyncio.sleep(FOLLOW_SECONDS)

    async def _end_hanging(self) -> None:
        """Ends each child that is there and does not move; has the keeper go on, without which nobody starts this
        process again."""
        stillness, stopped = Stillness(), 0
        while True:
            began = time.monotonic()
            await asyncio.sleep(LOOK_EVERY)
            watched = {
                unit.child.name: (unit.process.pid, unit.child.never_rests and unit.ready.is_set())
                for unit in self._units.values()
                if unit.process is not None
            }
            stopped = stopped + 1 if is_stopped(os.getppid()) else 0
            if stopped >= STOPPED_ROUNDS:
                log.warning("the keeper is stopped: having it go on")
                send(os.getppid(), signal.SIGCONT)
            for name, wrong in stillness.hanging(watched, time.monotonic() - began).items():
                if process := self._units[name].process:
                    log.warning("%s %s: ending it", name, wrong)
                    kill_session(process)

    def _note(self) -> None:
        children = tuple(
            noted.ChildNote(
                name=name,
                pid=unit.process.pid if unit.process else 0,
                start=unit.process.start if unit.process else 0,
                since=unit.since,
                restarts=unit.restarts,
                ready=unit.ready.is_set(),
                failed=unit.failed_starts,
                reason=unit.reason,
            )
            for name, unit in self._units.items()
        )
        try:
            noted.write_notes(self._folder, noted.Notes(self._own, children))
        except OSError as error:
            log.error("what runs is not written down: %s", error)
            self._notes_are_old = True
        else:
            self._notes_are_old = False

    async def _note_again(self) -> None:
        """Once there is room on the disk again."""
        while True:
            await asyncio.sleep(NOTE_AGAIN_SECONDS)
            if self._notes_are_old:
                self._note()


def _end_in_words(code: int | None) -> str:
    if code is None:
        return "adopted, its code is unknown"
    return f"signal {-code}" if code < 0 else f"code {code}"


def only_one(folder: Path) -> int | None:
    """The lock that makes this the only supervisor of the folder; None if another one lives."""
    descriptor = os.open(folder / noted.LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


async def serve(folder: Path) -> None:
    supervisor = Supervisor(folder, read_children(folder / noted.CHILDREN_FILE))
    loop = asyncio.get_running_loop()
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # it has no terminal, and nothing to read anew
    for what in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(what, supervisor.stop)
    await supervisor.run()


def main(folder: Path, own_log: Path) -> int:
    keeping = RotatingFileHandler(own_log, maxBytes=LARGEST, backupCount=1, encoding="utf-8")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", handlers=[keeping])
    if only_one(folder) is None:
        log.error("another supervisor already runs for %s", folder)
        return 1
    asyncio.run(serve(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
