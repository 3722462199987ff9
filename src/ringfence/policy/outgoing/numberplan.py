"""The canonical number of what was dialled, and what kind of number that is.

Reference: "Outbound Route Permissions" (Codes and E164). Everything is judged on this number and this number is sent,
so no way of writing it gets another verdict. The patterns are compiled by the portal from phonenumbers' metadata.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

from ringfence.policy.calls.dialled import Dialled
from ringfence.policy.outgoing.numbers import Reach

LONGEST_E164: Final = 15
"""Digits behind the plus (ITU-T E.164 section 6)."""


class NumberClass(StrEnum):
    """What a number costs or is. All but ordinary numbers are refused until the tenant switches the class on."""

    ORDINARY = "ordinary"
    SHORT_CODE = "short_code"
    PREMIUM = "premium"
    SHARED_COST = "shared_cost"
    PERSONAL = "personal"
    SATELLITE = "satellite"


@dataclass(frozen=True, slots=True)
class CallingCode:
    """One calling code. `countries` finds the country by the name of the group that matches the number behind the code.

    `national_prefix` is what callers inside put before a number; behind the code nobody means it, and where it stands
    all the same it is dropped unless a number begins with it. `shared` are numbers of no country in particular, which
    are national for each of them; `free` are those that cost nobody anything. `network`: this is no country's code.
    """

    code: str
    countries: str = ""
    national_prefix: str = ""
    numbers: str = ""
    shared: str = ""
    free: str = ""
    premium: str = ""
    shared_cost: str = ""
    personal: str = ""
    network: NumberClass | None = None

    def country_of(self, rest: str) -> str:
        """The ISO 3166 code; "" for a number that no country is known to have."""
        found = pattern(self.countries).match(rest) if self.countries else None
        return (found.lastgroup or "") if found else ""

    def class_of(self, rest: str) -> NumberClass:
        """The class, also with digits to spare behind the number: the network does not look at those."""
        if self.network:
            return self.network
        if self.free and pattern(self.free).fullmatch(rest):
            return NumberClass.ORDINARY
        if self.premium and pattern(self.premium).match(rest):
            return NumberClass.PREMIUM
        if self.shared_cost and pattern(self.shared_cost).match(rest):
            return NumberClass.SHARED_COST
        if self.personal and pattern(self.personal).match(rest):
            return NumberClass.PERSONAL
        return NumberClass.ORDINARY

    def is_shared(self, rest: str) -> bool:
        """Whether the number belongs to every country of the code alike, as +1 800 does."""
        return bool(self.shared) and pattern(self.shared).match(rest) is not None

    def without_national_prefix(self, rest: str) -> str:
        while self.national_prefix and rest.startswith(self.national_prefix) and not self.fits(rest):
            rest = rest.removeprefix(self.national_prefix)
        return rest

    def fits(self, rest: str) -> bool:
        """Whether a number of this code can look like that."""
        return not self.numbers or pattern(self.numbers).fullmatch(rest) is not None


@dataclass(frozen=True, slots=True)
class World:
    """Every calling code there is."""

    codes: dict[str, CallingCode] = field(default_factory=dict)

    def split(self, digits: str) -> tuple[CallingCode, str] | None:
        """The calling code and the digits behind it; None if there is no such code."""
        for length in (1, 2, 3):
            code = self.codes.get(digits[:length])
            if code is not None:
                return code, digits[length:]
        return None


@dataclass(frozen=True, slots=True)
class NumberPlan:
    """How a tenant dials. Without a country only numbers with a plus can be told apart.

    `international_prefix`, `national_prefix` and `short_codes` are patterns; `national_rule` is what replaces the
    national prefix. `access_code` is dialled before every outside number, if there is one. With `area_code` a number
    without a national prefix is one of that area; `by_length` says that a whole number may have no prefix either.
    """

    country: str = ""
    calling_code: str = ""
    international_prefix: str = ""
    national_prefix: str = ""
    national_rule: str = ""
    by_length: bool = False
    area_code: str = ""
    access_code: str = ""
    short_codes: str = ""


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it is judged and sent: E.164 with a plus, or a short code as it is. `country` "" is unknown."""

    text: str
    country: str
    reach: Reach
    kind: NumberClass = NumberClass.ORDINARY

    @property
    def length(self) -> int:
        """How many digits it has, the country's included."""
        return len(self.text.removeprefix("+"))


def canonical(dialled: Dialled, plan: NumberPlan, world: World) -> Number | None:
    """The number that was meant; None if it can be none."""
    if not dialled.digits or dialled.is_service_code:
        return None
    if dialled.digits.startswith("+"):
        return _number(dialled.digits[1:], plan, world)
    if dialled.context:
        return _number(dialled.context + dialled.digits, plan, world)
    digits = without_access_code(dialled.digits, plan)
    if plan.short_codes and pattern(plan.short_codes).fullmatch(digits):
        return Number(digits, plan.country, Reach.NATIONAL, NumberClass.SHORT_CODE)
    beginning = pattern(plan.international_prefix).match(digits) if plan.international_prefix else None
    if beginning and beginning.end() < len(digits):
        return _number(digits[beginning.end() :], plan, world)
    return _number(_national(digits, plan, world), plan, world) if plan.calling_code else None


def without_access_code(digits: str, plan: NumberPlan) -> str:
    return digits.removeprefix(plan.access_code) or digits


def _number(digits: str, plan: NumberPlan, world: World) -> Number | None:
    """The number of these digits behind a plus."""
    parts = world.split(digits)
    if parts is None:
        return None
    code, rest = parts
    rest = code.without_national_prefix(rest)
    if not rest or len(code.code) + len(rest) > LONGEST_E164:
        return None
    country = plan.country if _is_shared_with(plan, code, rest) else code.country_of(rest)
    at_home = country != "" and country == plan.country
    if at_home and not code.fits(rest):
        return None
    reach = Reach.NATIONAL if at_home else Reach.INTERNATIONAL
    return Number(f"+{code.code}{rest}", country, reach, _class_at(plan, code, rest, at_home=at_home))


def _class_at(plan: NumberPlan, code: CallingCode, rest: str, *, at_home: bool) -> NumberClass:
    """A provider may take a short code behind the country's code for the short code, so it is judged as one."""
    found = code.class_of(rest)
    is_short = at_home and plan.short_codes and pattern(plan.short_codes).fullmatch(rest)
    return NumberClass.SHORT_CODE if found is NumberClass.ORDINARY and is_short else found


def _is_shared_with(plan: NumberPlan, code: CallingCode, rest: str) -> bool:
    return code.code == plan.calling_code and code.is_shared(rest)


def _national(digits: str, plan: NumberPlan, world: World) -> str:
    """The digits behind the plus of a number dialled without an international prefix."""
    code = world.codes.get(plan.calling_code, CallingCode(plan.calling_code))
    rest = _without_national_prefix(digits, plan, code)
    is_local = rest == digits and plan.area_code and not (plan.by_length and code.fits(rest))
    return f"{code.code}{plan.area_code if is_local else ''}{rest}"


def _without_national_prefix(digits: str, plan: NumberPlan, code: CallingCode) -> str:
    """As libphonenumber strips it: not if that made an impossible number of a possible one."""
    found = pattern(plan.national_prefix).match(digits) if plan.national_prefix else None
    if found is None:
        return digits
    groups = found.groups()
    if plan.national_rule and groups and groups[-1] is not None:
        rest = found.expand(plan.national_rule) + digits[found.end() :]
    else:
        rest = digits[found.end() :]
    return digits if code.fits(digits) and not code.fits(rest) else rest


@lru_cache(maxsize=4096)
def pattern(text: str) -> re.Pattern[str]:
    """A pattern compiled once for each worker. Patterns come from the portal's compiler, never from the network."""
    return re.compile(text, re.ASCII)
