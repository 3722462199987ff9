"""The table of phones."""

from typing import Any, Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.provisioning.models import Opening, Phone
from ringfence.portal.provisioning.vendors import PROFILES, Vendor
from ringfence.portal.provisioning.wish import plain_mac
from ringfence.portal.tables import BulkAction, Column, Empty, Filter, Table
from ringfence.portal.tenants.models import Tenant

PATH: Final = "/phones"


def is_open(row: Phone) -> bool:
    """Whether its directory would answer now."""
    return row.opening == Opening.ALWAYS or (row.open_until is not None and row.open_until > timezone.now())


def _search(found: Any, wanted: str) -> Any:
    named = Q(extension__number__startswith=wanted) | Q(extension__person__display_name__icontains=wanted)
    mac = plain_mac(wanted)
    return found.filter(named | Q(mac__startswith=mac) if mac else named)


def phones_table(actor: Actor) -> Table:
    """Its filters depend on who looks."""
    tenants = list(Tenant.objects.visible_to(actor)[:500])
    return Table(
        name=_("phones"),
        path=PATH,
        row="provisioning/phones_row.html",
        columns=(
            Column("extension", _("Extension"), ("tenant_id", "extension__number")),
            Column("vendor", _("Phone"), ("vendor",)),
            Column("mac", _("MAC address"), ("mac",), "hide-phone"),
            Column("tenant", _("Tenant"), css="hide-phone"),
            Column("fetched", _("Last fetch"), css="hide-phone"),
            Column("state", _("Directory")),
        ),
        order="extension",
        empty=Empty(
            "device-landline-phone",
            _("No phones yet"),
            _("A phone added here fetches everything it needs from an address that nobody can guess."),
            "/phones/new",
            _("Add the first phone"),
        ),
        search=_search,
        search_hint=_("Extension, name or MAC address"),
        filters=_filters(tenants),
        bulk=(
            BulkAction("open", _("Open and fetch"), _("Open these directories for 15 minutes and call the phones?")),
            BulkAction("rotate", _("New directories"), _("Give these phones new secret addresses? The old ones end.")),
            BulkAction("delete", _("Delete"), _("Delete these phones? Their SIP secrets stay valid."), "btn-danger"),
        ),
        export=EXPORT,
    )


EXPORT: Final = (
    ("extension", lambda row: row.extension.number),
    ("vendor", lambda row: row.vendor),
    ("mac", lambda row: row.mac),
    ("model", lambda row: row.model),
    ("transport", lambda row: row.transport),
    ("srtp", lambda row: row.srtp),
    ("voice_vlan", lambda row: row.voice_vlan),
    ("opening", lambda row: row.opening),
    ("tenant", lambda row: row.tenant.domain),
    ("fetched_at", lambda row: row.fetched_at),
    ("fetched_from", lambda row: row.fetched_from),
)
"""The columns of the import first: what was exported can be imported elsewhere. No directory is in it."""


def _filters(tenants: list[Tenant]) -> tuple[Filter, ...]:
    vendors = tuple((item.value, PROFILES[item].title) for item in Vendor)
    found = [Filter("vendor", _("Vendor"), vendors, lambda rows, chosen: rows.filter(vendor=chosen))]
    if len(tenants) > 1:
        choices = tuple((str(tenant.pk), tenant.name) for tenant in tenants)
        found.insert(0, Filter("tenant", _("Tenant"), choices, lambda rows, chosen: rows.filter(tenant_id=int(chosen))))
    return tuple(found)
