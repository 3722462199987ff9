"""Outbound rules from a CSV file: looked at whole before anything is made, then all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ringfence.portal.actor import Actor
from ringfence.portal.outbound import changes
from ringfence.portal.outbound.models import Availability, OutboundRule
from ringfence.portal.outbound.wishes import RuleWish
from ringfence.portal.tables import allornone
from ringfence.portal.tables.csvlines import Cells, Shape, read_lines
from ringfence.portal.tenants.models import Tenant

COLUMNS: Final = (
    "name", "order", "prefixes", "lengths", "callers", "reaches", "availability", "trunks", "strip", "prepend",
)  # fmt: skip
"""Several prefixes, lengths, callers, reaches or trunks stand with semicolons between them, as in the export."""

SHAPE: Final = Shape(COLUMNS, ("name", "order", "trunks"))
AVAILABLE: Final = (Availability.ALWAYS.value, Availability.GENERAL.value)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: its number, the name in it, the rule it wishes, and why that cannot be."""

    number: int
    name: str
    wish: RuleWish | None
    faults: tuple[str, ...] = ()


def read(text: str, tenant: Tenant) -> list[Line]:
    """The lines of the file. Raises Refused when it is no CSV file of outbound rules at all."""
    own = changes.trunks_of(tenant)
    trunks = {str(number): number for number, _ in own} | {name.lower(): number for number, name in own}
    return [_line(cells, trunks) for cells in read_lines(text, SHAPE)]


def _line(cells: Cells, trunks: dict[str, int]) -> Line:
    name = cells.values["name"]
    faults = ("There are more values than columns.",) if cells.has_more else ()
    try:
        return Line(cells.number, name, _wish(cells.values, trunks), faults)
    except ValueError as error:
        return Line(cells.number, name, None, (*faults, str(error)))


def _wish(row: dict[str, str], trunks: dict[str, int]) -> RuleWish:
    """Raises ValueError with a sentence for whoever wrote the file."""
    names = _parts(row, "trunks")
    if unknown := [name for name in names if name.lower() not in trunks]:
        message = f"There is no trunk {unknown[0][:64]!r} for this tenant."
        raise ValueError(message)
    way = {"strip": _number(row, "strip", 0), "prepend": row["prepend"], "caller_number": "", "cost": 0}
    availability = row["availability"].lower() or Availability.ALWAYS.value
    if availability not in AVAILABLE:
        message = f"A rule is available {' or '.join(AVAILABLE)}; own office hours are chosen on its page."
        raise ValueError(message)
    return RuleWish(
        name=row["name"],
        order=_number(row, "order", 0),
        prefixes=_parts(row, "prefixes"),
        lengths=[_whole("lengths", part) for part in _parts(row, "lengths")],
        callers=_parts(row, "callers"),
        reaches=_parts(row, "reaches"),
        availability=availability,
        routes=[{"trunk_id": trunks[name.lower()], **way} for name in names],
    )


def _parts(row: dict[str, str], column: str) -> list[str]:
    return [part.strip() for part in row[column].split(";") if part.strip()]


def _number(row: dict[str, str], column: str, usual: int) -> int:
    text = row[column]
    return _whole(column, text) if text else usual


def _whole(column: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        message = f"{text[:32]!r} in the column {column} is no whole number."
        raise ValueError(message)
    return int(text)


def try_out(actor: Actor, tenant: Tenant, lines: Sequence[Line]) -> list[Line]:
    """The same lines with every fault that making them would meet. Nothing is changed."""
    return allornone.try_out(lines, lambda line: _make(actor, tenant, line))


def make_all(actor: Actor, tenant: Tenant, lines: Sequence[Line]) -> int:
    """Makes every line, or nothing; how many there are. Raises Refused with the first line that cannot be made."""
    return len(allornone.make_all(lines, lambda line: _make(actor, tenant, line)))


def _make(actor: Actor, tenant: Tenant, line: Line) -> None:
    """A line without a wish has faults, so it is not tried."""
    if line.wish is not None:
        changes.save_rule(actor, line.wish, OutboundRule(tenant=tenant))
