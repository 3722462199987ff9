"""Outbound rules: which of a tenant's rules a call takes (reference: "Outbound Route Permissions").

Rules are asked in their order; the first that applies is taken. One that applies outside its office hours refuses the
call: it must not slip through to a looser rule.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from ringfence.policy.book import Subscriber
from ringfence.policy.model import TrunkRoute
from ringfence.policy.outgoing.numberplan import Number
from ringfence.policy.outgoing.numbers import Reach
from ringfence.policy.outgoing.schedule import OfficeHours
from ringfence.policy.plain import from_plain

NO_HOURS: Final = 0
"""A rule that is available at any time."""


class Miss(StrEnum):
    """Why a rule does not apply to a call."""

    DISABLED = "disabled"
    PREFIX = "prefix"
    LENGTH = "length"
    REACH = "reach"
    CALLER = "caller"
    GROUP = "group"
    ROLE = "role"


@dataclass(frozen=True, slots=True)
class Route:
    """One way out of a rule. `strip` characters are taken off the canonical number, the plus being one of them."""

    trunk_id: int
    strip: int = 0
    prepend: str = ""
    caller_number: str = ""
    cost: float = 0.0

    def carrying(self, number: Number, payer: Subscriber) -> TrunkRoute:
        """The number as this trunk wants it, and the one to show: the route's own, else that of the extension."""
        return TrunkRoute(
            self.trunk_id, self.prepend + number.text[self.strip :], self.caller_number or payer.calling.caller_number
        )


@dataclass(frozen=True, slots=True)
class CallerRange:
    """Extensions with numbers of one length, from one to another: 101-110."""

    first: str
    last: str

    def holds(self, extension: str) -> bool:
        return len(extension) == len(self.first) and self.first <= extension <= self.last


@dataclass(frozen=True, slots=True)
class OutboundRule:
    """One rule. An empty condition asks nothing.

    `prefixes` are canonical: `+49` or the beginning of a short code. `lengths` count the digits of the canonical
    number. `hours` names the office hours in which the rule is available, NO_HOURS for always.
    """

    id: int
    name: str
    order: int
    prefixes: tuple[str, ...] = ()
    lengths: tuple[int, ...] = ()
    reaches: tuple[Reach, ...] = ()
    callers: tuple[CallerRange, ...] = ()
    groups: tuple[int, ...] = ()
    roles: tuple[str, ...] = ()
    hours: int = NO_HOURS
    routes: tuple[Route, ...] = ()
    enabled: bool = True

    def miss(self, payer: Subscriber, number: Number) -> Miss | None:
        """The first condition that this call does not meet."""
        if not self.enabled:
            return Miss.DISABLED
        if self.prefixes and not number.text.startswith(self.prefixes):
            return Miss.PREFIX
        if self.lengths and number.length not in self.lengths:
            return Miss.LENGTH
        if self.reaches and number.reach not in self.reaches:
            return Miss.REACH
        return self._caller_miss(payer)

    def routes_for(self, number: Number, payer: Subscriber) -> tuple[TrunkRoute, ...]:
        """Every way out, the cheapest first; of equal ones the first listed."""
        return tuple(route.carrying(number, payer) for route in sorted(self.routes, key=lambda route: route.cost))

    def _caller_miss(self, payer: Subscriber) -> Miss | None:
        if self.callers and not any(part.holds(payer.extension) for part in self.callers):
            return Miss.CALLER
        if self.groups and not set(self.groups).intersection(payer.groups):
            return Miss.GROUP
        return Miss.ROLE if self.roles and payer.role not in self.roles else None


@dataclass(frozen=True, slots=True)
class Choice:
    """The rule a call takes; without one no rule applies. If it is closed, the call is refused."""

    rule: OutboundRule | None = None
    is_open: bool = False


NONE_APPLIES: Final = Choice()


@dataclass(slots=True)
class RuleBook:
    """The rules of a tenant by prefix, so that ten thousand of them cost a call what one does.

    `raw` are plain records in the order in which they are asked; each is decoded when a call first comes to it.
    """

    raw: Sequence[Mapping[str, Any]]
    _by_prefix: dict[str, list[int]] = field(default_factory=dict)
    _lengths: tuple[int, ...] = ()
    _rules: dict[int, OutboundRule] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, record in enumerate(self.raw):
            if record.get("enabled", True):
                for prefix in record.get("prefixes") or ("",):
                    self._by_prefix.setdefault(prefix, []).append(place)
        self._lengths = tuple(sorted({len(prefix) for prefix in self._by_prefix}))

    def rule(self, place: int) -> OutboundRule:
        found = self._rules.get(place)
        if found is None:
            found = self._rules[place] = from_plain(OutboundRule, self.raw[place])
        return found

    def every(self) -> Iterator[OutboundRule]:
        return (self.rule(place) for place in range(len(self.raw)))

    def first(self, applies: Callable[[OutboundRule], bool], number: str) -> OutboundRule | None:
        """The first rule that applies, of those whose prefix the number has."""
        buckets = [found for length in self._lengths if (found := self._by_prefix.get(number[:length]))]
        heads = [0] * len(buckets)
        while True:
            place = min((bucket[head] for bucket, head in zip(buckets, heads, strict=True) if head < len(bucket)),
                        default=None)  # fmt: skip
            if place is None:
                return None
            rule = self.rule(place)
            if applies(rule):
                return rule
            heads = [head + (head < len(bucket) and bucket[head] == place)
                     for bucket, head in zip(buckets, heads, strict=True)]  # fmt: skip


def choose(rules: RuleBook, hours: Mapping[int, OfficeHours], payer: Subscriber, number: Number, now: float) -> Choice:
    """The rule that this call takes, and whether it is available now. Hours that are unknown are closed."""
    rule = rules.first(lambda one: one.miss(payer, number) is None, number.text)
    if rule is None:
        return NONE_APPLIES
    return Choice(rule, is_available(rule, hours, now))


def is_available(rule: OutboundRule, hours: Mapping[int, OfficeHours], now: float) -> bool:
    """Whether the office hours of a rule are open."""
    if rule.hours == NO_HOURS:
        return True
    found = hours.get(rule.hours)
    return found is not None and found.is_open(now)
