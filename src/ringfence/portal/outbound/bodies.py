"""The bodies of REST for number plan, codes, office hours and outbound rules."""

from typing import Annotated, Literal

from ninja import Field

from ringfence.policy.outgoing.numberplan import NumberClass
from ringfence.policy.outgoing.numbers import Reach
from ringfence.portal.outbound.models import Availability
from ringfence.portal.outbound.wishes import MOST_PARTS, MOST_ROUTES
from ringfence.portal.paging import PageOut, RowId
from ringfence.portal.schema import In, Out

Country = Annotated[str, Field(max_length=16)]
Description = Annotated[str, Field(max_length=200)]
Place = Annotated[int, Field(ge=1, le=1_000_000)]


class NumberPlanPatch(In):
    """`permitted` are the classes of numbers that may be called; the others are refused."""

    country: Country | None = None
    area_code: str | None = Field(None, max_length=8)
    access_code: str | None = Field(None, max_length=4)
    permitted: list[NumberClass] | None = Field(None, max_length=len(NumberClass))
    emergency_trunks: list[RowId] | None = Field(None, max_length=MOST_ROUTES)
    emergency_caller: str | None = Field(None, max_length=32)


class NumberPlanOut(Out):
    """`emergency_numbers` are the country's; others are `emergency-numbers`."""

    tenant_id: int
    country: str
    calling_code: str
    area_code: str
    access_code: str
    permitted: list[NumberClass]
    emergency_trunks: list[int]
    emergency_caller: str
    emergency_numbers: list[str]


class CountryIn(In):
    tenant_id: RowId
    country: Country


class CountryOut(Out):
    id: int
    tenant_id: int
    country: str
    calling_code: str


class CountryPage(PageOut):
    items: list[CountryOut]


class CodeIn(In):
    tenant_id: RowId
    prefix: str = Field(max_length=32)
    description: Description = ""


class CodeOut(Out):
    id: int
    tenant_id: int
    prefix: str
    description: str


class CodePage(PageOut):
    items: list[CodeOut]


class EmergencyIn(In):
    tenant_id: RowId
    number: str = Field(max_length=16)
    description: Description = ""


class EmergencyOut(Out):
    id: int
    tenant_id: int
    number: str
    description: str


class EmergencyPage(PageOut):
    items: list[EmergencyOut]


class SpanIn(In):
    """Minutes of the day; an end that is not later than the start is on the next day. Weekday 0 is Monday."""

    weekday: int = Field(ge=0, le=6)
    start: int = Field(ge=0, le=1439)
    end: int = Field(ge=1, le=1440)


class HoursIn(In):
    tenant_id: RowId
    name: str = Field(max_length=64)
    spans: list[SpanIn] = Field(max_length=MOST_PARTS)
    is_general: bool = False
    time_zone: str = Field("", max_length=64)
    holidays_country: Country = ""
    holidays_part: str = Field("", max_length=16)
    closed: list[str] = Field([], max_length=MOST_PARTS)


class HoursPatch(In):
    name: str | None = Field(None, max_length=64)
    spans: list[SpanIn] | None = Field(None, max_length=MOST_PARTS)
    is_general: bool | None = None
    time_zone: str | None = Field(None, max_length=64)
    holidays_country: Country | None = None
    holidays_part: str | None = Field(None, max_length=16)
    closed: list[str] | None = Field(None, max_length=MOST_PARTS)


class SpanOut(Out):
    weekday: int
    start: int
    end: int


class HoursOut(Out):
    id: int
    tenant_id: int
    name: str
    is_general: bool
    time_zone: str
    spans: list[SpanOut]
    holidays_country: str
    holidays_part: str
    closed: list[str]


class HoursPage(PageOut):
    items: list[HoursOut]


class RouteIn(In):
    """`strip` characters are taken off the canonical number, its plus included, and `prepend` is put before it."""

    trunk_id: RowId
    strip: int = Field(0, ge=0, le=16)
    prepend: str = Field("", max_length=17)
    caller_number: str = Field("", max_length=32)
    cost: float = Field(0, ge=0, le=1_000_000)


class RuleIn(In):
    """Lower orders are asked first. `lengths` count the digits of the canonical number, the country's included."""

    tenant_id: RowId
    name: str = Field(max_length=64)
    order: Place
    routes: list[RouteIn] = Field(max_length=MOST_ROUTES)
    enabled: bool = True
    prefixes: list[str] = Field([], max_length=MOST_PARTS)
    lengths: list[int] = Field([], max_length=15)
    reaches: list[Reach] = Field([], max_length=2)
    callers: list[str] = Field([], max_length=MOST_PARTS)
    groups: list[RowId] = Field([], max_length=MOST_PARTS)
    roles: list[RowId] = Field([], max_length=MOST_PARTS)
    availability: Availability = Availability.ALWAYS
    office_hours_id: RowId | None = None


class RulePatch(In):
    name: str | None = Field(None, max_length=64)
    order: Place | None = None
    routes: list[RouteIn] | None = Field(None, max_length=MOST_ROUTES)
    enabled: bool | None = None
    prefixes: list[str] | None = Field(None, max_length=MOST_PARTS)
    lengths: list[int] | None = Field(None, max_length=15)
    reaches: list[Reach] | None = Field(None, max_length=2)
    callers: list[str] | None = Field(None, max_length=MOST_PARTS)
    groups: list[RowId] | None = Field(None, max_length=MOST_PARTS)
    roles: list[RowId] | None = Field(None, max_length=MOST_PARTS)
    availability: Availability | None = None
    office_hours_id: RowId | None = None


class RouteOut(Out):
    trunk_id: int
    strip: int
    prepend: str
    caller_number: str
    cost: float


class RuleOut(Out):
    id: int
    tenant_id: int
    name: str
    order: int
    enabled: bool
    prefixes: list[str]
    lengths: list[int]
    reaches: list[Reach]
    callers: list[str]
    groups: list[int]
    roles: list[int]
    availability: str
    office_hours_id: int | None
    routes: list[RouteOut]


class RulePage(PageOut):
    items: list[RuleOut]


class ExplainIn(In):
    """`caller` is an address of record; `at` is ISO 8601 with a time zone, now without it."""

    caller: str = Field(max_length=320)
    number: str = Field(max_length=128)
    at: str = Field("", max_length=40)


class MissOut(Out):
    rule: str
    order: int
    why: str
    sentence: str


class TakenRouteOut(Out):
    """`caller_number` is what the called side would see; `state` says whether the trunk may be used and answers."""

    trunk_id: int
    trunk: str
    number: str
    caller_number: str
    state: Literal["ready", "down", "closed"]


class ObjectionOut(Out):
    verdict: str
    code: int
    sentence: str


class ExplainOut(Out):
    """`verdict` is the id of the rule that decided; `passed_over` are the outbound rules asked before the one taken.

    `objection` is what would stop the call at this moment all the same: no trunk that answers, or a suspension.
    """

    caller: str
    number: str
    country: str
    kind: str
    verdict: str
    code: int | None
    sentence: str
    outbound_rule: str
    emergency: bool
    routes: list[TakenRouteOut]
    objection: ObjectionOut | None
    passed_over: list[MissOut]
