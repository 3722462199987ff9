"""Who watches which extension or mailbox, and what has to be told to whom. A watch survives the end of any process."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from ringfence.journal.reader import Event
from ringfence.policy.people.lamps import MESSAGES

MOST_OF_ONE: Final = 200
"""Watches of one extension, and by one: the switchboard's keys fit, a flood does not."""

CSEQ_EPOCH: Final = 1_600_000_000
"""Sequence numbers follow the clock, so they rise even over a restart."""

Facts = tuple[str, str, bool]
Counts = tuple[int, int]
"""Messages of a mailbox: new ones and heard ones."""

CallsOf = Callable[[Collection[str]], dict[str, list[Facts]]]


class Notice(NamedTuple):
    """One NOTIFY to send: the watch as it was told, its number, the calls of the watched, whether it is the last, and
    the messages of the watched if they are known.
    """

    event: Event
    number: int
    calls: list[Facts]
    ends: bool
    messages: Counts | None = None


@dataclass(slots=True)
class _Watch:
    event: Event
    line: bytes
    number: int = 0


class Watches:
    """Watches by their dialog."""

    def __init__(self) -> None:
        self._watches: dict[str, _Watch] = {}
        self._of: dict[str, set[str]] = {}
        self._by: dict[str, int] = {}
        self._due: set[str] = set()
        self._last: list[_Watch] = []
        self._messages: dict[str, Counts] = {}

    def __len__(self) -> int:
        return len(self._watches)

    def saved(self, line: bytes, event: Event) -> None:
        """A new, refreshed or ended watch. Who asks for too many gets no more. Raises KeyError."""
        key = f"{event['sip_call_id']} {event['watcher_tag']} {event['own_tag']}"
        watched, watcher, until = str(event["watched"]), str(event["watcher"]), float(event["expires_at"])
        known = self._watches.get(key)
        if known is not None and (known.event["watched"], known.event["watcher"]) != (watched, watcher):
            return
        if until <= 0:
            self._last.append(known or _Watch(event, line))
            self._forget(key)
            return
        if known is None:
            if len(self._of.get(watched, ())) >= MOST_OF_ONE or self._by.get(watcher, 0) >= MOST_OF_ONE:
                return
            self._of.setdefault(watched, set()).add(key)
            self._by[watcher] = self._by.get(watcher, 0) + 1
        self._watches[key] = _Watch(event, line, known.number if known else 0)
        self._due.add(key)

    def touch(self, *aors: Any) -> None:
        """Something happened to these extensions; of their messages `counted` tells."""
        for aor in aors:
            if isinstance(aor, str) and aor in self._of:
                self._due |= {key for key in self._of[aor] if not self._is_of_messages(key)}

    def counted(self, aor: str, messages: Counts) -> None:
        """So many messages are in this mailbox now. Who has been told so hears it no second time."""
        if self._messages.get(aor) == messages:
            return
        self._messages[aor] = messages
        self._due |= {key for key in self._of.get(aor, ()) if self._is_of_messages(key)}

    def end(self, *, aor: str = "", domain: str = "") -> None:
        """Whoever had this address of record, or any in this domain, is gone: their phones are told nothing any more,
        and whoever gets the number has no messages yet.
        """

        def is_gone(one: object) -> bool:
            return str(one) == aor or (bool(domain) and str(one).endswith(f"@{domain}"))

        for key in [key for key, watch in self._watches.items() if is_gone(watch.event["watcher"])]:
            self._forget(key)
        for counted in [counted for counted in self._messages if is_gone(counted)]:
            del self._messages[counted]

    def expire(self, now: float) -> None:
        """Forgets what was not refreshed. `now` is Unix time."""
        for key in [key for key, watch in self._watches.items() if float(watch.event["expires_at"]) <= now]:
            self._forget(key)

    def due(self, now: float, calls_of: CallsOf) -> list[Notice]:
        """What has to be told now; each change is told once."""
        if not self._due and not self._last:
            return []
        waiting = [self._watches[key] for key in self._due]
        ended, self._last = self._last, []
        self._due.clear()
        calls = calls_of({str(watch.event["watched"]) for watch in (*waiting, *ended)})
        return [
            self._notice(watch, now, calls[str(watch.event["watched"])], ends)
            for watches, ends in ((waiting, False), (ended, True))
            for watch in watches
        ]

    def recalled(self) -> None:
        """What ended before the last stop was told then; what goes on is told anew."""
        self._last.clear()

    def lines(self) -> list[bytes]:
        """The journal lines that rebuild this."""
        return [watch.line for watch in self._watches.values()]

    def _notice(self, watch: _Watch, now: float, calls: list[Facts], ends: bool) -> Notice:
        return Notice(watch.event, _next(watch, now), calls, ends, self._messages.get(str(watch.event["watched"])))

    def _is_of_messages(self, key: str) -> bool:
        return str(self._watches[key].event["event"]) == MESSAGES

    def _forget(self, key: str) -> None:
        watch = self._watches.pop(key, None)
        self._due.discard(key)
        if watch is None:
            return
        watched, watcher = str(watch.event["watched"]), str(watch.event["watcher"])
        self._of[watched].discard(key)
        if not self._of[watched]:
            del self._of[watched]
        self._by[watcher] -= 1
        if not self._by[watcher]:
            del self._by[watcher]


def _next(watch: _Watch, now: float) -> int:
    watch.number = max(watch.number + 1, int(now) - CSEQ_EPOCH)
    return watch.number
