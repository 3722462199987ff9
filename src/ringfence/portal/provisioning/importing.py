"""Phones from a CSV file: looked at whole before anything is made, then all of them or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Extension
from ringfence.portal.problems import refuse
from ringfence.portal.provisioning.changes import add, extension_named
from ringfence.portal.provisioning.models import Opening, Phone
from ringfence.portal.provisioning.vendors import Srtp, Transport, Vendor
from ringfence.portal.provisioning.wish import Wish, plain_mac
from ringfence.portal.tables import allornone
from ringfence.portal.tables.csvlines import Cells, Shape, read_lines
from ringfence.portal.tenants.models import Tenant

SHAPE: Final = Shape(
    ("extension", "vendor", "mac", "model", "transport", "srtp", "voice_vlan", "opening"),
    ("extension", "vendor", "mac"),
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: its number, what it says, and why that cannot be."""

    number: int
    tenant_id: int
    extension: str
    mac: str
    values: dict[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()


def read(text: str, tenant_id: int) -> list[Line]:
    """The lines of the file. Raises Refused when it is no CSV file of phones at all."""
    return [_line(cells, tenant_id) for cells in read_lines(text, SHAPE)]


def _line(cells: Cells, tenant_id: int) -> Line:
    values = {name: value.lstrip("'") for name, value in cells.values.items()}
    faults = ("There are more values than columns.",) if cells.has_more else ()
    return Line(cells.number, tenant_id, values["extension"], plain_mac(values["mac"]), values, faults)


def wish_of(line: Line) -> Wish:
    """Empty cells have the usual values. Raises Refused with the first cell that says nothing known."""
    values, vlan = line.values, line.values["voice_vlan"]
    if vlan and not (vlan.isascii() and vlan.isdigit() and len(vlan) < 5):
        raise refuse("voice_vlan", "phone.vlan", f"{vlan[:20]!r} is no VLAN.")
    return Wish(
        vendor=_one_of(Vendor, "vendor", values["vendor"]),
        mac=line.mac,
        model=values["model"],
        transport=_one_of(Transport, "transport", values["transport"] or Transport.TLS),
        srtp=_one_of(Srtp, "srtp", values["srtp"] or Srtp.OPTIONAL),
        voice_vlan=int(vlan) if vlan else None,
        opening=_one_of(Opening, "opening", values["opening"] or Opening.ONCE),
    )


def _one_of[T: (Vendor, Transport, Srtp, Opening)](kind: type[T], field_name: str, text: str) -> T:
    try:
        return kind(text.lower())
    except ValueError as error:
        known = ", ".join(kind)
        raise refuse(field_name, f"phone.{field_name}", f"{text[:40]!r} is none of {known}.") from error


def try_out(actor: Actor, lines: Sequence[Line]) -> list[Line]:
    """The same lines with every fault that making them would meet. Nothing is changed."""
    held = _extensions(actor, lines)
    return allornone.try_out(lines, lambda line: _make(actor, line, held))


def make_all(actor: Actor, lines: Sequence[Line]) -> list[Phone]:
    """Makes every line, or nothing. Raises Refused with the first line that cannot be made."""
    held = _extensions(actor, lines)
    return allornone.make_all(lines, lambda line: _make(actor, line, held))


def _make(actor: Actor, line: Line, held: Mapping[str, Extension]) -> Phone:
    extension = held.get(line.extension) or extension_named(actor, line.tenant_id, line.extension)
    return add(actor, extension, wish_of(line))


def _extensions(actor: Actor, lines: Sequence[Line]) -> dict[str, Extension]:
    """Those that the lines name, in one question: while a file is made nobody else can write."""
    tenants = Tenant.objects.visible_to(actor).filter(pk__in={line.tenant_id for line in lines})
    named = Extension.objects.filter(tenant__in=tenants, number__in={line.extension for line in lines})
    return {one.number: one for one in named.select_related("person__role", "tenant")}
