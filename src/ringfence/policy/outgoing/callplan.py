"""A tenant's calls to the outside: its number plan, codes, office hours and outbound rules as one stored record."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from ringfence.policy.calls.dialled import Dialled
from ringfence.policy.outgoing.numberplan import Number, NumberClass, NumberPlan, World, canonical, without_access_code
from ringfence.policy.outgoing.outbound import OutboundRule, RuleBook
from ringfence.policy.outgoing.schedule import OfficeHours
from ringfence.policy.outgoing.sos import number_of_service
from ringfence.policy.plain import from_plain

WORLD_KEY: Final = "world/numbers"


@dataclass(frozen=True, slots=True)
class Codes:
    """What may be called (reference: "Codes and E164"). `disallowed` are canonical prefixes, and they win.

    `allowed_countries` are ISO 3166 codes besides the tenant's own country. `permitted` are the classes of numbers
    that are switched on.
    """

    allowed_countries: tuple[str, ...] = ()
    disallowed: tuple[str, ...] = ()
    permitted: tuple[NumberClass, ...] = ()


@dataclass(frozen=True, slots=True)
class EmergencyPlan:
    """Emergency numbers as they are dialled, and the trunks for them in order; without any, every trunk is tried."""

    numbers: tuple[str, ...] = ()
    trunks: tuple[int, ...] = ()
    caller_number: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """All of a plan but its rules."""

    numbers: NumberPlan = field(default_factory=NumberPlan)
    codes: Codes = field(default_factory=Codes)
    emergency: EmergencyPlan = field(default_factory=EmergencyPlan)
    hours: tuple[OfficeHours, ...] = ()


@dataclass(frozen=True, slots=True)
class CallPlan:
    """A tenant's plan made ready for questions."""

    numbers: NumberPlan
    world: World
    permitted: frozenset[NumberClass]
    allowed_countries: frozenset[str]
    disallowed: frozenset[str]
    disallowed_lengths: tuple[int, ...]
    emergency: EmergencyPlan
    emergency_numbers: frozenset[str]
    hours: dict[int, OfficeHours]
    rules: RuleBook

    def number(self, dialled: Dialled) -> Number | None:
        """The canonical number; None if it can be none here."""
        return canonical(dialled, self.numbers, self.world)

    def emergency_number(self, dialled: Dialled) -> str:
        """The emergency number that was dialled; "" if it is none."""
        return emergency_number(dialled, self.numbers, self.emergency_numbers)

    def number_of_service(self, urn: str) -> str:
        """The emergency number that a service URN stands for (RFC 5031); "" for anything else."""
        plan = self.numbers
        return number_of_service(urn, plan.country, plan.calling_code, self.emergency.numbers)

    def disallowed_code(self, number: str) -> str:
        """The disallowed code that a canonical number begins with; "" for none."""
        return next((number[:length] for length in self.disallowed_lengths if number[:length] in self.disallowed), "")


def emergency_number(dialled: Dialled, plan: NumberPlan, numbers: frozenset[str]) -> str:
    """Which of these was dialled, with or without the access code; "" for none. Behind the code of the own country,
    which some phones put before everything, it is the same one: no other number looks like that.
    """
    digits, home = dialled.digits, f"+{plan.calling_code}"
    bare = digits.removeprefix(home) if plan.calling_code else digits
    meant = (digits, bare, without_access_code(digits, plan))
    return next((number for number in meant if number in numbers), "")


def plan_key(tenant_id: int) -> str:
    return f"plan/{tenant_id}"


def encode_plan(settings: Settings, rules: list[OutboundRule]) -> bytes:
    """A plan as JSON; rules in the order in which they are asked."""
    ordered = [_plain_rule(rule) for rule in sorted(rules, key=lambda rule: (rule.order, rule.id))]
    return json.dumps({"settings": asdict(settings), "rules": ordered}, separators=(",", ":")).encode()


def _plain_rule(rule: OutboundRule) -> dict[str, Any]:
    """Only what the rule says: most conditions of most rules are empty."""
    return {name: value for name, value in asdict(rule).items() if name in _ALWAYS or value not in _UNSAID}


_ALWAYS: Final = ("id", "name", "order", "enabled")
_UNSAID: Final = ((), 0)


def decode_plan(raw: bytes, world: World) -> CallPlan:
    """Raises ValueError, KeyError or TypeError on anything that is no plan."""
    data: dict[str, Any] = json.loads(raw)
    settings: Settings = from_plain(Settings, data["settings"])
    disallowed = frozenset(settings.codes.disallowed)
    return CallPlan(
        numbers=settings.numbers,
        world=world,
        permitted=frozenset((NumberClass.ORDINARY, *settings.codes.permitted)),
        allowed_countries=frozenset(settings.codes.allowed_countries),
        disallowed=disallowed,
        disallowed_lengths=tuple(sorted({len(code) for code in disallowed})),
        emergency=settings.emergency,
        emergency_numbers=frozenset(settings.emergency.numbers),
        hours={hours.id: hours for hours in settings.hours},
        rules=RuleBook(data["rules"]),
    )


def encode_world(world: World) -> bytes:
    return json.dumps(asdict(world), separators=(",", ":")).encode()


def decode_world(raw: bytes) -> World:
    """Raises ValueError, KeyError or TypeError on anything that is no such record."""
    found: World = from_plain(World, json.loads(raw))
    return found
