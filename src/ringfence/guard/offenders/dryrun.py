"""Replays the recorded journal against other settings, in a process of its own: bans never wait for it.

Asked on standard input with one JSON document, answers with one on standard output. Bounded in events and in time: of a
journal that does not fit, the newest counts.
"""

import json
import sqlite3
import sys
import time
from collections import deque
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from ringfence.guard.adopted import AdoptedPolicy
from ringfence.guard.intake import failure_of
from ringfence.guard.live.registrations import Registrations
from ringfence.guard.live.standing import MALFORMED, load_snapshot
from ringfence.hosts.paths import Paths
from ringfence.journal.layout import segment_path
from ringfence.journal.reader import Event, replay_from, segments
from ringfence.policy.addresses import AddressTable, key_network, overlaps, parse_network
from ringfence.policy.book import AddressEntry, Target
from ringfence.policy.events import Kind
from ringfence.policy.offenders.antihacking import Surroundings
from ringfence.policy.offenders.dryrun import NOT_REPLAYED, SWITCHES, Comparison, Fewer, Outcome, Trial, compare
from ringfence.policy.settings import SecuritySettings

MOST_EVENTS: Final = 3_000_000
MOST_SECONDS: Final = 20.0
LOOK_EVERY: Final = 10_000
NEWEST: Final = 2
"""Segments that are replayed at first, to see how many more fit into the time; the last one may just have begun."""

MARGIN: Final = 0.7
"""Of the time that is left: a wrong guess costs everything older than those segments."""
MOST_LISTED: Final = 200
MOST_STRIKES: Final = 100_000
GONE: Final = "remove"
"""In place of a target: the entry is taken away."""


@dataclass(frozen=True, slots=True)
class Strike:
    """A ban of the past that only the ledger knows of."""

    at: float
    source: str
    rule: str
    seconds: float


def recorded_strikes(ledger: Path) -> deque[Strike]:
    """The bans for packet rates and unanswered challenges, the oldest first; read while the guard writes."""
    if not ledger.exists():
        return deque()
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
        rows = db.execute(
            "SELECT since, key, rule, until - since FROM ban WHERE rule IN (SELECT value FROM json_each(?)) "
            "ORDER BY id DESC LIMIT ?",
            (json.dumps(list(SWITCHES)), MOST_STRIKES),
        )
        return deque(Strike(*row) for row in reversed(rows.fetchall()))


class Replay:
    """Two trials side by side on the same events: the settings in force, and those that are wanted."""

    def __init__(self, paths: Paths, question: dict[str, Any]) -> None:
        policy = AdoptedPolicy(paths.policy)
        policy.look()
        policy.close()
        self._never_block = [(parse_network(cidr), name) for cidr, name in question["never_block"]]
        self._registrations: Registrations = load_snapshot(paths.guard)[0].registrations
        present = policy.book.security
        wanted = SecuritySettings(**{**asdict(present), **question["settings"]})
        entries = question["entries"]
        gone = frozenset(item["cidr"] for item in entries if item["target"] == GONE)
        added = AddressTable(
            AddressEntry(0, item["cidr"], Target(item["target"])) for item in entries if item["target"] != GONE
        )
        self._strikes = recorded_strikes(paths.ledger)
        self.present = Trial(present, (policy.addresses,), self._around)
        self.wanted = Trial(wanted, (added, Fewer(policy.addresses, gone)), self._around)
        self.events, self.spoiled, self.counted_from, self.last_at = 0, 0, 0.0, 0.0

    def run(self, journal: Path, first: int, deadline: float, now: float) -> bool:
        """Whether everything from this segment on was replayed within the bounds."""
        for number, (line, event) in enumerate(replay_from(journal, first, self._spoil)):
            if number >= MOST_EVENTS or (number % LOOK_EVERY == 0 and time.monotonic() > deadline):
                return False
            if self.events == 0:
                self._begin(event["t"], now if first > 0 else 0.0)
            try:
                self._strike_until(event["t"])
                self._take(line, event)
            except MALFORMED:
                continue
        self._strike_until(float("inf"))
        return True

    def _spoil(self) -> None:
        self.spoiled += 1

    def _begin(self, first_at: float, now: float) -> None:
        """Where older events were deleted, one detection period is read ahead: a source may be two failures short of a
        ban when the journal begins. Of a short journal it is half.
        """
        trials = (self.present, self.wanted)
        period = max(trial.settings.detection_period for trial in trials)
        self.counted_from = first_at + max(0.0, min(period, (now - first_at) / 2))
        for trial in trials:
            trial.counted_from = self.counted_from

    def _strike_until(self, at: float) -> None:
        while self._strikes and self._strikes[0].at <= at:
            strike = self._strikes.popleft()
            for trial in (self.present, self.wanted):
                trial.strike(strike.source, strike.rule, strike.at, strike.seconds)

    def _take(self, line: bytes, event: Event) -> None:
        self.events += 1
        self.last_at = event["t"]
        match event["kind"]:
            case Kind.AUTH_FAILED:
                failure = failure_of(event)
                for trial in (self.present, self.wanted):
                    trial.fail(failure, event["source"])
            case Kind.REGISTRATION_SAVED:
                self._registrations.saved(line, event)
                for trial in (self.present, self.wanted):
                    trial.register(event["source"], event["aor"], event["t"])
            case Kind.REGISTRATION_REMOVED | Kind.REGISTRATION_DISPLACED:
                self._registrations.removed(event)

    def _around(self, source: str, now: float) -> Surroundings:
        network = key_network(source)
        member = next((name for member, name in self._never_block if overlaps(member, network)), "")
        return Surroundings(never_block=member, healthy=self._registrations.healthy_at(source, now))


def newest(paths: Paths, question: dict[str, Any], began: float, now: float) -> tuple[Replay, bool]:
    """What was replayed, and whether it is the whole journal: otherwise as much of its newest part as fits into the
    time. `began` is monotonic time.
    """
    deadline = began + MOST_SECONDS
    every = segments(paths.journal) or [0]
    first = every[-NEWEST:][0]
    short = Replay(paths, question)
    done = short.run(paths.journal, first, deadline, now)
    if not done or first == every[0]:
        return short, done and first == every[0]
    took = time.monotonic() - began
    start = _start(paths.journal, every, (MOST_SECONDS - took) * MARGIN / took)
    if start == first:
        return short, False
    longer = Replay(paths, question)
    if longer.run(paths.journal, start, deadline, now):
        return longer, start == every[0]
    return short, False


def _start(journal: Path, every: list[int], times: float) -> int:
    """The oldest segment from which on there is so many times as much to read as in the newest ones."""
    sizes = [_size(segment_path(journal, number)) for number in every]
    room = times * sum(sizes[-NEWEST:])
    start = every[-NEWEST]
    for number, size in zip(reversed(every), accumulate(reversed(sizes)), strict=True):
        if size <= room:
            start = min(start, number)
    return start


def _size(path: Path) -> int:
    """A segment may be deleted meanwhile."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def answer(replayed: Replay, whole: bool) -> dict[str, Any]:
    """What the portal and the command line show."""
    found: Comparison = compare(replayed.present, replayed.wanted)
    return {
        "summary": found.sentence,
        "sentences": list(found.sentences),
        "events": replayed.events,
        "spoiled": replayed.spoiled,
        "from": replayed.counted_from,
        "to": replayed.last_at,
        "whole": whole,
        "not_replayed": list(NOT_REPLAYED),
        "stopped": [_plain(outcome) for outcome in found.harmed[:MOST_LISTED]],
        "let_through": [_plain(outcome) for outcome in found.freed[:MOST_LISTED]],
        "spared": [_plain(outcome) for outcome in found.spared[:MOST_LISTED]],
        "counts": {
            "stopped": len(found.harmed),
            "let_through": len(found.freed),
            "spared": len(found.spared),
        },
    }


def _plain(outcome: Outcome) -> dict[str, Any]:
    evidence = outcome.evidence
    return {
        "address": outcome.source,
        "fate": str(outcome.fate),
        "at": outcome.at,
        "why": outcome.why,
        "phones": sorted(outcome.phones)[:MOST_LISTED],
        "failures": evidence.count if evidence else 0,
        "accounts": list(evidence.accounts) if evidence else [],
    }


def main() -> None:
    question = json.load(sys.stdin)
    paths = Paths.from_environment()
    json.dump(answer(*newest(paths, question, time.monotonic(), time.time())), sys.stdout)


if __name__ == "__main__":
    main()
