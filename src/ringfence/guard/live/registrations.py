"""Who is registered, from where and until when. A refresh costs one dictionary write; nothing here touches a disk."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Final

import orjson

from ringfence.journal.reader import LINE_START, Event
from ringfence.policy.addresses import AddressProblem, ban_key

EVERY_CONTACT: Final = "*"
LONGEST_STAMP: Final = 32
MOST_NEWS: Final = 20_000
"""Comings and goings held until the guard notes them; the first ones are kept, since a later look shows the rest."""

_OPENING: Final = b',"kind":"registration.saved","aor":"'
_SOURCE: Final = b'"}],"complete":true,"source":"'
_ONE_SOURCE: Final = b'"}],"complete":false,"source":"'
_CONTACTS: Final = b'"contacts":[{"uri":'
_EXPIRES: Final = b'"expires_at":'
MANY: Final = 4
"""Accounts of one address that need more than a phone does."""

_GATEWAY: Final = b'"user_id":0,'
"""In the line of an account that belongs to a trunk and to no extension."""

_PATH: Final = b'"path":"'
"""What only a binding through the SBC has (RFC 3327): a quote inside a value is escaped."""

type _Kept = tuple[str, float, bytes]
"""Source, when the last contact runs out, journal line. With one contact the time is newer than the line's."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Which registrations somebody wants to see: of one domain, holding a text, after or before an address."""

    domain: str = ""
    search: str = ""
    after: str = ""
    before: str = ""
    limit: int = 50

    def fits(self, aor: str, source: str) -> bool:
        if self.domain and not aor.endswith(f"@{self.domain}"):
            return False
        return self.search in aor or self.search in source


@dataclass(frozen=True, slots=True)
class Page:
    """The registrations of one page, how many fit altogether, and whether there are more on either side."""

    registrations: list[dict[str, Any]]
    count: int
    has_previous: bool
    has_next: bool


class Registrations:
    """Live bindings by address of record. The journal line itself is kept: it is parsed again only when somebody
    asks.
    """

    def __init__(self) -> None:
        self._by_aor: dict[str, _Kept] = {}
        self._by_source: dict[str, set[str]] = {}
        self._heard: set[str] = set()
        self._outside: dict[str, tuple[int, str]] = {}
        self._came_outside = 0
        self.bytes = 0
        self._news: list[tuple[bytes, str]] = []

    def __len__(self) -> int:
        return len(self._by_aor)

    def by_domain(self) -> dict[str, int]:
        """How many addresses of record of each SIP domain have a phone."""
        return dict(Counter(aor.rpartition("@")[2] for aor in self._by_aor))

    def of_domain(self, domain: str) -> list[str]:
        """The addresses of record of one SIP domain that have a phone."""
        return [aor for aor in self._by_aor if aor.endswith(f"@{domain}")]

    def saved_line(self, line: bytes) -> bool:
        """One accepted REGISTER, straight from the line as workers write it: half the price of parsing it.

        False if it looks in any way different; it must then be parsed. A quote inside a value is always escaped, so
        neither the names searched for nor the end can come from a phone. A torn line lacks its end, or holds a second
        start.
        """
        opening = line.find(_OPENING, 0, LONGEST_STAMP + len(_OPENING))
        if opening < 0 or not line.endswith(b'"}') or line.find(LINE_START, 1) > 0:
            return False
        marker = _SOURCE if line.find(_SOURCE) > 0 else _ONE_SOURCE
        contacts_end = line.find(marker)
        expires_at = _latest_expiry(line, contacts_end) if contacts_end > 0 else None
        if expires_at is None:
            return False
        source = contacts_end + len(marker)
        start = opening + len(_OPENING)
        aor = line[start : line.index(b'"', start)].decode()
        if "\\" in aor or (marker is _ONE_SOURCE and not self._is_only_device(aor, line, contacts_end)):
            return False
        self._keep(aor, line[source : line.index(b'"', source)].decode(), expires_at, line)
        return True

    def _is_only_device(self, aor: str, line: bytes, end: int) -> bool:
        """Whether a report of one device tells of the only one this account has: then it replaces the line kept."""
        old = self._by_aor.get(aor)
        uri = line[line.find(_CONTACTS) : line.find(_EXPIRES)]
        return old is None or (line.count(_EXPIRES, 0, end) == 1 == old[2].count(_EXPIRES) and uri in old[2])

    def saved(self, line: bytes, event: Event) -> None:
        """One accepted REGISTER."""
        aor = event["aor"]
        old = self._by_aor.get(aor)
        if old is not None and not event.get("complete", True):
            event = _merged(orjson.loads(_current(old)), event)
            line = orjson.dumps(event)
        contacts = event["contacts"]
        expires_at = (
            contacts[0]["expires_at"]
            if len(contacts) == 1
            else max((item["expires_at"] for item in contacts), default=0.0)
        )
        self._keep(aor, event["source"], expires_at, line)

    def _keep(self, aor: str, source: str, expires_at: float, line: bytes) -> None:
        self._heard.add(source)
        old = self._by_aor.get(aor)
        if old is None:
            self._by_source.setdefault(_counted_as(source), set()).add(aor)
            self.bytes += len(line)
            self._tell(line, "")
        elif old[0] != source:
            self._leave(old[0], aor)
            self._by_source.setdefault(_counted_as(source), set()).add(aor)
        self._by_aor[aor] = (source, expires_at, line)
        if _PATH in line and (key := _counted_as(source)) not in self._outside and _came_through_sbc(line, source):
            self._came_outside += 1
            self._outside[key] = self._came_outside, source

    def renewed(self, event: Event) -> None:
        """Registrations that go on, many in one event: `aor|Unix time|seconds granted|Contact` each (ADR 21).

        A report may come late, so it never brings back what is gone, nor shortens what stands.
        """
        for report in event["renewals"]:
            aor, at, granted, contact = report.split("|", 3)
            old = self._by_aor.get(aor)
            if old is not None:
                self._renew(aor, old, contact[1:].partition(">")[0], int(at) + int(granted))

    def _renew(self, aor: str, old: _Kept, uri: str, expires_at: int) -> None:
        source, until, line = old
        self._heard.add(source)
        if line.count(_EXPIRES) == 1:
            if f'"uri":"{uri}"'.encode() in line:
                self._by_aor[aor] = (source, max(until, expires_at), line)
            return
        event = orjson.loads(line)
        for item in event["contacts"]:
            if item["uri"] == uri:
                item["expires_at"] = max(item["expires_at"], expires_at)
                self._by_aor[aor] = (source, max(until, expires_at), orjson.dumps(event))

    def heard(self) -> frozenset[str]:
        """The sources with an accepted registration since this was last asked."""
        heard, self._heard = frozenset(self._heard), set()
        return heard

    @property
    def came_outside(self) -> int:
        """How often a source came through the SBC that was not there: a place in `outside_since`."""
        return self._came_outside

    def outside_since(self, place: int) -> list[str]:
        """The sources of live registrations through the SBC that came after this place; 0 is all of them."""
        newer = takewhile(lambda came: came[0] > place, reversed(self._outside.values()))
        return [source for _, source in newer]

    def is_outside(self, source: str) -> bool:
        return _counted_as(source) in self._outside

    def are_many_at(self, source: str) -> bool:
        """Whether several phones are registered from there, or a gateway, which speaks for many."""
        there = self._by_source.get(_counted_as(source), ())
        return len(there) >= MANY or any(_GATEWAY in self._by_aor[aor][2] for aor in there)

    def removed(self, event: Event) -> None:
        """One contact, or all of them, are gone."""
        aor, contact = event["aor"], event["contact"]
        old = self._by_aor.get(aor)
        if old is None:
            return
        if contact == EVERY_CONTACT:
            self._drop(aor, "removed")
            return
        kept = orjson.loads(_current(old))
        kept["contacts"] = [item for item in kept["contacts"] if item["uri"] != contact]
        if not kept["contacts"]:
            self._drop(aor, "removed")
            return
        self._by_aor[aor] = (old[0], max(item["expires_at"] for item in kept["contacts"]), orjson.dumps(kept))

    def expire(self, now: float) -> int:
        """Forgets what ran out; `now` is Unix time in seconds."""
        gone = [aor for aor, (_, expires_at, _) in self._by_aor.items() if expires_at <= now]
        for aor in gone:
            self._drop(aor, "expired")
        return len(gone)

    def line_of(self, aor: str, now: float) -> bytes:
        """What was last told of this address of record, b"" while no device of it is registered."""
        found = self._by_aor.get(aor)
        return found[2] if found is not None and found[1] > now else b""

    def news(self) -> list[tuple[bytes, str]]:
        """Who came and who went since the last question: the journal line, and why it ended ("" for a new one)."""
        news, self._news = self._news, []
        return news

    def healthy_at(self, key: str, now: float) -> tuple[str, ...]:
        """Addresses of record with a live registration from this source (a ban key)."""
        return tuple(sorted(aor for aor in self._by_source.get(key, ()) if self._by_aor[aor][1] > now))

    def are_at(self, key: str) -> bool:
        """Whether any are kept from this source. One look, so that a thread may ask."""
        return bool(self._by_source.get(key))

    def by_key(self, domain: str, now: float) -> dict[str, list[str]]:
        """The live addresses of record of one domain by the ban key of where they are registered."""
        found: dict[str, list[str]] = {}
        for aor, (source, expires_at, _) in self._by_aor.items():
            if expires_at > now and aor.endswith(f"@{domain}") and (key := _key_of(source)):
                found.setdefault(key, []).append(aor)
        return found

    def listing(self, now: float, tenant_id: int | None = None) -> list[dict[str, Any]]:
        """The live bindings for people: one item by address of record, with its contacts."""
        events = (_for_people(event) for event in self.events(now))
        return [event for event in events if tenant_id is None or event.get("tenant_id") == tenant_id]

    def page(self, now: float, wish: Wish) -> Page:
        """Some live bindings in the order of their addresses; only those of the page are parsed."""
        found = sorted(aor for aor, (source, end, _) in self._by_aor.items() if end > now and wish.fits(aor, source))
        start = bisect_right(found, wish.after) if wish.after else 0
        if wish.before:
            start = max(0, bisect_left(found, wish.before) - wish.limit)
        events = [
            _for_people(self._event(_current(self._by_aor[aor]), now)) for aor in found[start : start + wish.limit]
        ]
        return Page(events, len(found), start > 0, start + wish.limit < len(found))

    def lines(self) -> list[bytes]:
        """The journal lines that rebuild this."""
        return [_current(kept) for kept in self._by_aor.values()]

    def events(self, now: float) -> Iterator[dict[str, Any]]:
        """The live bindings as workers told of them."""
        for kept in self._by_aor.values():
            if kept[1] > now:
                yield self._event(_current(kept), now)

    def _event(self, line: bytes, now: float) -> dict[str, Any]:
        event: dict[str, Any] = orjson.loads(line)
        event["contacts"] = [item for item in event["contacts"] if item["expires_at"] > now]
        return event

    def _drop(self, aor: str, why: str) -> None:
        source, _, line = self._by_aor.pop(aor)
        self.bytes -= len(line)
        self._tell(line, why)
        self._leave(source, aor)

    def _tell(self, line: bytes, why: str) -> None:
        if len(self._news) < MOST_NEWS:
            self._news.append((line, why))

    def _leave(self, source: str, aor: str) -> None:
        key = _counted_as(source)
        there = self._by_source.get(key)
        if there is None:
            return
        there.discard(aor)
        if not there:
            del self._by_source[key]
            self._outside.pop(key, None)


def _came_through_sbc(line: bytes, source: str) -> bool:
    """Whether this source has a binding through the SBC: another device of the extension may have it."""
    client = f";client=[{source}]:" if ":" in source else f";client={source}:"
    contacts = orjson.loads(line)["contacts"]
    return any(item.get("path") and client in str(item.get("received")) for item in contacts)


def _for_people(event: dict[str, Any]) -> dict[str, Any]:
    """Without what only the core asks for at its start (docs/adr/0021)."""
    event.pop("asked", None)
    return event


def _current(kept: _Kept) -> bytes:
    """The line with the time until which its only contact was renewed."""
    _, expires_at, line = kept
    if line.count(_EXPIRES) != 1:
        return line
    start = line.find(_EXPIRES) + len(_EXPIRES)
    end = next(at for at in range(start, len(line) + 1) if not line[at : at + 1].isdigit())
    return b"%b%d%b" % (line[:start], expires_at, line[end:]) if end > start else line


def _latest_expiry(line: bytes, end: int) -> float | None:
    """When the last contact runs out, None if there is none or it is no plain number."""
    latest = 0
    at = line.find(_EXPIRES, 0, end)
    while at > 0:
        at += len(_EXPIRES)
        digits = line[at : line.find(b",", at)]
        if not digits.isdigit():
            return None
        latest = max(latest, int(digits))
        at = line.find(_EXPIRES, at, end)
    return latest or None


def _merged(old: Event, new: Event) -> Event:
    """A partial report changes the contacts it names and keeps the others that have not run out."""
    named = {item["uri"] for item in new["contacts"]}
    kept = [item for item in old["contacts"] if item["uri"] not in named and item["expires_at"] > new["t"]]
    return {**new, "contacts": [*kept, *new["contacts"]], "complete": True}


def _counted_as(source: str) -> str:
    """The ban key of a source as a worker names it: an IPv4 address is its own, and by far the most frequent."""
    return _key_of(source) if ":" in source else source


def _key_of(source: str) -> str:
    """Empty for what is no address."""
    try:
        return ban_key(source)
    except AddressProblem:
        return ""
