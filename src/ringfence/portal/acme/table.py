"""The table of orders."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from ringfence.portal.tables import Column, Empty, Table

ORDERS: Final = Table(
    name=_("orders"),
    path="/web-access/acme",
    row="acme/orders_row.html",
    columns=(
        Column("asked", _("Asked for (UTC)"), ("asked_at",)),
        Column("by", _("By"), css="hide-phone"),
        Column("state", _("State"), ("state",)),
    ),
    order="-asked",
    empty=Empty("lock", _("No orders yet"), _("Say where and for which names; then order a certificate.")),
    live=3,
)
