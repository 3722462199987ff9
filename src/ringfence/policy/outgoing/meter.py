"""Counts what calls outside cost while they run, for each extension, tenant and trunk they concern.

Pure: every time is an argument, in Unix time. What ended calls have used is kept by whoever holds the meter.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from ringfence.policy.outgoing.spend import DAY, Budget, Finding, Rate, Usage, judge

MINUTE: Final = 60.0
AHEAD: Final = 2.0
"""Seconds a running call is charged in advance: so long it takes until it is really ended."""

MOST_REMEMBERED: Final = 1_000
"""Attempts of one owner kept for a minute; no budget of calls a minute is larger."""


@dataclass(frozen=True, slots=True)
class OutsideCall:
    """A call that leaves the system. `owners` are named as in `extension:101@a.example`."""

    call_id: str
    owners: tuple[str, ...]
    rate: Rate
    destination: str
    is_international: bool

    @property
    def least(self) -> int:
        """What it costs as soon as it is answered."""
        return self.rate.cost(1.0)


class Charge(NamedTuple):
    """What a call came to. Of a call over midnight only the part of its last day counts for that day's budget."""

    seconds: float
    money: int


class Trip(NamedTuple):
    """A budget that was reached, and whose."""

    owner: str
    finding: Finding


@dataclass(slots=True)
class _Used:
    """What the ended calls of one owner used this day."""

    seconds: float = 0.0
    money: int = 0
    new: set[str] = field(default_factory=set)


class Meter:
    """The running calls and what was used today."""

    def __init__(self, today: int = 0) -> None:
        self.today = today
        self._running: dict[str, tuple[OutsideCall, float | None]] = {}
        self._used: dict[str, _Used] = defaultdict(_Used)
        self._known: dict[str, set[str]] = defaultdict(set)
        self._attempts: dict[str, deque[float]] = {}
        self._promised: dict[str, int] = defaultdict(int)
        self._anew: dict[str, float] = {}

    def recall(self, owner: str, seconds: float, money: int) -> None:
        """What an owner had used today before a restart."""
        used = self._used[owner]
        used.seconds, used.money = seconds, money

    def recall_destination(self, owner: str, destination: str, is_new: bool) -> None:
        """A destination called before; `is_new` if that was today for the first time."""
        self._known[owner].add(destination)
        if is_new:
            self._used[owner].new.add(destination)

    def resume(self, call: OutsideCall, answered_at: float | None) -> None:
        """A call that ran before a restart and was counted then."""
        self._run(call, answered_at)

    def begin(self, call: OutsideCall, now: float) -> list[tuple[str, str]]:
        """A call is sent. Returns each owner for whom its destination is new."""
        self._turn_day(now)
        self._run(call, None)
        return self._count(call, call.owners, now)

    def _run(self, call: OutsideCall, answered_at: float | None) -> None:
        self._stop(call.call_id)
        self._running[call.call_id] = (call, answered_at)
        for owner in call.owners:
            self._promised[owner] += call.least

    def _stop(self, call_id: str) -> tuple[OutsideCall, float | None] | None:
        found = self._running.pop(call_id, None)
        if found is None:
            return None
        call, _ = found
        for owner in call.owners:
            self._promised[owner] -= call.least
            if not self._promised[owner]:
                del self._promised[owner]
        return found

    def attempted(self, owners: Iterable[str], at: float) -> None:
        """A call was sent that counts for its minute, whether or not it still runs."""
        for owner in owners:
            self._attempts.setdefault(owner, deque(maxlen=MOST_REMEMBERED)).append(at)

    def calls(self, owner: str, now: float) -> int:
        """The calls of an owner in the last minute."""
        times = self._attempts.get(owner, ())
        if times and times[0] > now - MINUTE:  # so it usually is: older ones are forgotten each second
            return len(times)
        return sum(at > now - MINUTE for at in times)

    def begun(self, owner: str, now: float, *, international: bool) -> Usage:
        """What an owner has used of that which a call uses when it begins. Of the running calls it knows only what each
        costs at least: it is asked with every call, and does not go through them.
        """
        return Usage(
            money=(self._used[owner].money if owner in self._used else 0) + self._promised.get(owner, 0),
            calls=self.calls(owner, now),
            destinations=len(self._used[owner].new) if international and owner in self._used else 0,
            parallel=self._parallel(owner) if international else 0,
        )

    def _parallel(self, owner: str) -> int:
        return sum(call.is_international and owner in call.owners for call, _ in self._running.values())

    def forget_attempts(self, owner: str) -> None:
        self._attempts.pop(owner, None)

    def owners(self, call_id: str) -> tuple[str, ...]:
        """Whom a running call concerns; nobody if it does not go outside."""
        found = self._running.get(call_id)
        return found[0].owners if found else ()

    def move(self, call_id: str, owners: tuple[str, ...], at: float) -> list[tuple[str, str]]:
        """A running call concerns others: another trunk took it. Returns what `begin` does, of those who are new."""
        found = self._running.get(call_id)
        if found is None:
            return []
        call, answered_at = found
        self._run(replace(call, owners=owners), answered_at)
        return self._count(call, [owner for owner in owners if owner not in call.owners], at)

    def _count(self, call: OutsideCall, owners: Iterable[str], now: float) -> list[tuple[str, str]]:
        found = []
        self.attempted(owners, now)
        for owner in owners:
            if call.is_international and call.destination not in self._known[owner]:
                self._known[owner].add(call.destination)
                self._used[owner].new.add(call.destination)
                found.append((owner, call.destination))
        return found

    def answer(self, call_id: str, at: float) -> None:
        if call_id in self._running:
            self._running[call_id] = (self._running[call_id][0], at)

    def end(self, call_id: str, at: float) -> tuple[OutsideCall, Charge, dict[str, Charge]] | None:
        """A call ended: what it came to, and the part of it that counts for today, for each owner. None if it did not
        go outside.
        """
        found = self._stop(call_id)
        if found is None:
            return None
        self._turn_day(at)
        call, answered_at = found
        today = self._charges(call, answered_at, at)
        for owner, part in today.items():
            used = self._used[owner]
            used.seconds, used.money = used.seconds + part.seconds, used.money + part.money
        seconds = max(0.0, at - answered_at) if answered_at is not None else 0.0
        return call, Charge(seconds, call.rate.cost(seconds)), today

    def running(self, *owners: str) -> list[str]:
        """The running calls outside that concern one of these."""
        wanted = set(owners)
        return [call_id for call_id, (call, _) in self._running.items() if not wanted.isdisjoint(call.owners)]

    def turn_day(self, day: int) -> None:
        """Whatever was used on another day counts no more."""
        if day != self.today:
            self.today = day
            self._used.clear()
            self._anew.clear()

    def shift(self, seconds: float) -> None:
        """The clock was set by so much: what happened before is as long ago as it was."""
        self._running = {
            call_id: (call, None if answered_at is None else answered_at + seconds)
            for call_id, (call, answered_at) in self._running.items()
        }
        self._anew = {owner: at + seconds for owner, at in self._anew.items()}
        for owner, times in self._attempts.items():
            self._attempts[owner] = deque((at + seconds for at in times), maxlen=MOST_REMEMBERED)

    def forgive(self, owner: str, now: float) -> None:
        """Today's budget of this owner begins anew; where it called stays known."""
        self._used.pop(owner, None)
        self.forget_attempts(owner)
        self.recall_forgiven(owner, now)

    def recall_forgiven(self, owner: str, at: float) -> None:
        """What ran then is charged from there on."""
        if int(at // DAY) == self.today:
            self._anew[owner] = at

    def usage(self, owner: str, now: float) -> Usage:
        """What an owner has used now."""
        return self._usages(now, {owner})[owner]

    def trips(self, now: float, budget_of: Callable[[str], Budget]) -> Iterator[Trip]:
        """Every budget that is reached by somebody with running calls or calls in the last minute."""
        self._turn_day(now)
        self._forget_attempts(now)
        active = {owner for call, _ in self._running.values() for owner in call.owners} | self._attempts.keys()
        for owner, usage in self._usages(now + AHEAD, active, is_answered_soon=True).items():
            finding = judge(budget_of(owner), usage)
            if finding is not None:
                yield Trip(owner, finding)

    def _usages(self, now: float, owners: Iterable[str], *, is_answered_soon: bool = False) -> dict[str, Usage]:
        """`is_answered_soon`: a call that still rings counts with what it costs at least."""
        seconds: dict[str, float] = defaultdict(float)
        money: dict[str, int] = defaultdict(int)
        parallel: dict[str, int] = defaultdict(int)
        for call, answered_at in self._running.values():
            charges = self._charges(call, answered_at, now)
            if answered_at is None and is_answered_soon:
                charges = dict.fromkeys(call.owners, Charge(0.0, call.least))
            for owner, charge in charges.items():
                seconds[owner] += charge.seconds
                money[owner] += charge.money
                parallel[owner] += call.is_international
        found = {}
        for owner in owners:
            used = self._used[owner] if owner in self._used else _Used()
            found[owner] = Usage(
                used.seconds + seconds[owner],
                used.money + money[owner],
                self.calls(owner, now),
                len(used.new),
                parallel[owner],
            )
        return found

    def _charges(self, call: OutsideCall, answered_at: float | None, now: float) -> dict[str, Charge]:
        """The part of this day, of whoever began anew since then the part behind that."""
        midnight = self.today * DAY
        since = {self._anew.get(owner, midnight) for owner in call.owners}
        parts = {at: self._charge(call, answered_at, now, at) for at in since}
        return {owner: parts[self._anew.get(owner, midnight)] for owner in call.owners}

    @staticmethod
    def _charge(call: OutsideCall, answered_at: float | None, now: float, since: float) -> Charge:
        """Money of what was before is taken off, so that no increment is charged twice."""
        if answered_at is None or now <= answered_at:
            return Charge(0.0, 0)
        before = max(0.0, since - answered_at)
        whole = now - answered_at
        return Charge(max(0.0, whole - before), max(0, call.rate.cost(whole) - call.rate.cost(before)))

    def _turn_day(self, now: float) -> None:
        self.turn_day(max(self.today, int(now // DAY)))

    def _forget_attempts(self, now: float) -> None:
        for owner, times in list(self._attempts.items()):
            while times and times[0] <= now - MINUTE:
                times.popleft()
            if not times:
                del self._attempts[owner]
