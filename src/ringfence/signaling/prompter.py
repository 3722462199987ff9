"""The prompter: one process of Kamailio that tells the script which policy is in force and writes its renewals down.

What it says holds for two seconds (`LEASE`), so a prompter that hangs or is gone ends the repeating and no more.
"""

import itertools
import time
from collections.abc import Iterator
from typing import Final

import lmdb

from ringfence.hosts.paths import Paths
from ringfence.journal.returning import Returning, read_returning
from ringfence.policy.events import Kind
from ringfence.signaling import memory
from ringfence.signaling.registration import registering, repeating
from ringfence.signaling.worker import Worker
from ringfence.store.bans import BanReader, since_boot
from ringfence.store.blocks import BlockReader
from ringfence.store.hearing import Changes
from ringfence.store.reader import PolicyReader

LEASE: Final = 2
"""Seconds for which the script believes the prompter."""

LOOK_EVERY: Final = 0.25
DRAIN_EVERY: Final = 0.1
"""Seconds between two looks, and while phones register: so much of the renewals a kill may lose. The registrations
still stand then, until they would have run out without them.
"""

SETTLING: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05)
"""Seconds after a write at which it is looked again: LMDB counts a commit, and the guard its bans, after writing it."""

RETRY_SECONDS: Final = 1.0
MOST_AT_ONCE: Final = 200
"""Renewals in one line of the journal, and phones expected between two looks."""


class Prompter:
    """Its state: what it watches, what it said last."""

    def __init__(self, paths: Paths, worker: Worker) -> None:
        self._paths = paths
        self._worker = worker
        self._journal = worker.journal
        self._returning: Iterator[Returning] = read_returning(paths.returning)
        self._reader = PolicyReader(paths.policy)
        worker.view.look_through(self._reader)
        self._bans = BanReader(paths.bans)
        self._blocks = BlockReader(paths.blocks)
        self._changes = Changes((paths.policy, paths.bans))
        self._settling: list[float] = []

    def round(self) -> None:
        """One look at the policy, one at the queue, and a wait for whatever comes first."""
        self._say(self._commit())
        busy = self._drain()
        expecting = self._expect()
        pause = self._settling.pop() if self._settling else DRAIN_EVERY if busy else LOOK_EVERY
        if expecting:
            pause = 0.0
        if self._changes.heard_within(pause):
            self._say(0)
            self._settling = list(reversed(SETTLING))
            time.sleep(self._settling.pop())

    def close(self) -> None:
        self._say(0)
        self._changes.close()
        self._reader.close()

    def _commit(self) -> int:
        """The commit in force; 0 while Kamailio itself must refuse somebody, since only Python knows whom."""
        refusing = self._bans.holds_any(since_boot()) or self._blocks.holds_any(time.time())
        return 0 if refusing else max(0, self._reader.commits())

    def _say(self, commits: int) -> None:
        memory.prompt(commits, int(time.time()) + LEASE)

    def _expect(self) -> bool:
        """Some more of the phones that were registered when the core was started; whether there may be others."""
        now = time.time()
        try:
            some = list(itertools.islice(self._returning, MOST_AT_ONCE))
            for one in some:
                if one.until > now + 1:
                    registering.expect(one.facts, int(one.until - now), self._worker)
        except (OSError, ValueError, lmdb.Error) as error:
            self._worker.exception("returning", f"registered phones are not expected: {error}")
            self._returning = iter(())
            return False
        return bool(some)

    def _drain(self) -> bool:
        told = repeating.renewals(MOST_AT_ONCE)
        busy = bool(told)
        while told:
            self._journal.append(Kind.REGISTRATION_RENEWED, {"renewals": told})
            told = repeating.renewals(MOST_AT_ONCE)
        return busy


def prompt(paths: Paths, worker: Worker) -> None:
    """For as long as Kamailio runs. Without a policy store, or if its changes cannot be heard, nothing is repeated."""
    while True:
        try:
            prompter = Prompter(paths, worker)
        except (OSError, lmdb.Error):
            time.sleep(RETRY_SECONDS)
            continue
        _prompt_on(prompter)


def _prompt_on(prompter: Prompter) -> None:
    try:
        while True:
            prompter.round()
    finally:
        prompter.close()
