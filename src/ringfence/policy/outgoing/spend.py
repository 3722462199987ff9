"""What calls outside cost, and how much of it an extension, a tenant or a trunk may spend (reference: "Call Control and
Fraud Prevention"; attack case 111).

Money is counted in millionths of the currency unit, time in seconds, a day from midnight to midnight UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

MILLION: Final = 1_000_000
DAY: Final = 86_400
LONGEST_PREFIX: Final = 15
"""Digits of a number in E.164 (ITU-T E.164 section 6)."""

SEPARATOR: Final = "\n"


@dataclass(frozen=True, slots=True)
class Rate:
    """What a minute costs. The first `first` seconds are charged whole, then every `each` begun; `fee` once a call."""

    name: str
    price: int
    fee: int = 0
    first: int = 60
    each: int = 60

    def cost(self, seconds: float) -> int:
        """The price of an answered call of this length, rounded up.

        >>> Rate("Germany", 600_000, fee=50_000, first=30, each=6).cost(31)
        410000
        """
        if seconds <= 0:
            return 0
        begun = -(-max(0.0, seconds - self.first) // self.each)
        return self.fee + -int(-(self.price * (self.first + int(begun) * self.each)) // 60)


FREE: Final = Rate("", 0)
"""Of a number without a rate: no money is counted, its time and destination are."""


def encode_rate(rate: Rate) -> bytes:
    """As the policy store holds it under `rate/PREFIX`."""
    return SEPARATOR.join((rate.name, str(rate.price), str(rate.fee), str(rate.first), str(rate.each))).encode()


def decode_rate(raw: bytes) -> Rate:
    """Raises ValueError on anything that is no rate."""
    name, price, fee, first, each = raw.decode().split(SEPARATOR)
    return Rate(name, int(price), int(fee), max(1, int(first)), max(1, int(each)))


def prefixes(number: str) -> list[str]:
    """The prefixes a rate can have, the longest first.

    >>> prefixes("+4930")
    ['4930', '493', '49', '4']
    """
    digits = number.removeprefix("+")[:LONGEST_PREFIX]
    return [digits[:length] for length in range(len(digits), 0, -1)]


class Owner(StrEnum):
    """Who has a budget."""

    EXTENSION = "extension"
    TENANT = "tenant"
    TRUNK = "trunk"


class Measure(StrEnum):
    """What a budget limits."""

    CALLS = "calls_per_minute"
    MINUTES = "minutes_per_day"
    MONEY = "money_per_day"
    DESTINATIONS = "new_destinations_per_day"
    PARALLEL = "parallel_international"


class Level(StrEnum):
    """How far a budget is used: a warning tells people, critical ends calls and suspends outside calls."""

    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one owner; None is no limit. `money_per_day` is in millionths. A limit is critical when it is reached;
    only calls a minute and calls at once may stand at their limit and are critical beyond it.
    """

    enabled: bool = True
    warning_percent: int = 80
    calls_per_minute: int | None = None
    minutes_per_day: int | None = None
    money_per_day: int | None = None
    new_destinations_per_day: int | None = None
    parallel_international: int | None = None


DEFAULTS: Final[Mapping[Owner, Budget]] = {
    Owner.EXTENSION: Budget(True, 80, 10, 300, 20 * MILLION, 5, 2),
    Owner.TENANT: Budget(True, 80, 60, 3_000, 200 * MILLION, 20, 10),
    Owner.TRUNK: Budget(True, 80, 120, 10_000, 1_000 * MILLION, None, 30),
}
"""In force until somebody sets others: a stolen password costs at most these in a day."""


class Usage(NamedTuple):
    """What one owner has used: of this day, of the last minute, and at this moment."""

    seconds: float = 0.0
    money: int = 0
    calls: int = 0
    destinations: int = 0
    parallel: int = 0


class Finding(NamedTuple):
    """A level that was reached: of which measure, and by how much."""

    level: Level
    measure: Measure
    used: float
    limit: int


def judge(budget: Budget, usage: Usage) -> Finding | None:
    """The gravest finding, or None while everything is well within the budget."""
    if not budget.enabled:
        return None
    warning: Finding | None = None
    for measure, used, limit, is_reached in _asked(budget, usage):
        if limit is None:
            continue
        if used > limit or (is_reached and used >= limit):
            return Finding(Level.CRITICAL, measure, used, limit)
        if warning is None and used > 0 and used * 100 >= limit * budget.warning_percent:
            warning = Finding(Level.WARNING, measure, used, limit)
    return warning


def _asked(budget: Budget, usage: Usage) -> tuple[tuple[Measure, float, int | None, bool], ...]:
    """Measure, what is used, its limit, and whether standing at the limit is too much."""
    return (
        (Measure.MONEY, usage.money, budget.money_per_day, True),
        (Measure.MINUTES, usage.seconds / 60, budget.minutes_per_day, True),
        (Measure.DESTINATIONS, usage.destinations, budget.new_destinations_per_day, False),
        (Measure.PARALLEL, usage.parallel, budget.parallel_international, False),
        (Measure.CALLS, usage.calls, budget.calls_per_minute, False),
    )


_NANP_ISLANDS: Final = frozenset((
    242, 246, 264, 268, 284, 340, 345, 441, 473, 649, 658, 664, 670, 671, 684, 721, 758, 767, 784, 787, 809, 829,
    849, 868, 869, 876, 939,
))  # fmt: skip
_TWO_DIGITS: Final = frozenset((
    20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54, 55, 56, 57, 58, 60, 61,
    62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
))  # fmt: skip


def destination(number: str) -> str:
    """The country code of a canonical number (ITU-T E.164), with the area code of the islands that share +1; "" of a
    number that is none, such as a short code.

    >>> destination("+4930123"), destination("+18765550100"), destination("+12125550100"), destination("112")
    ('49', '1876', '1', '')
    """
    digits = number[1:]
    if not (number.startswith("+") and digits.isascii() and digits.isdigit()):
        return ""
    if digits[0] == "1":
        return digits[:4] if int(digits[1:4] or 0) in _NANP_ISLANDS else "1"
    if digits[0] == "7":
        return "7"
    return digits[:2] if int(digits[:2]) in _TWO_DIGITS else digits[:3]
