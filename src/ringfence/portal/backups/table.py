"""The table of backups."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from ringfence.portal.tables import Column, Empty, Table

BACKUPS: Final = Table(
    name=_("backups"),
    path="/backups",
    row="backups/backups_row.html",
    columns=(
        Column("asked", _("Asked for (UTC)"), ("asked_at",)),
        Column("by", _("By"), css="hide-phone"),
        Column("state", _("State"), ("state",)),
        Column("size", _("Size"), ("size",), "text-end hide-phone"),
        Column("actions", _("Actions"), css="text-end"),
    ),
    order="-asked",
    empty=Empty("download", _("No backups yet"), _("Set a passphrase; then one is made every night.")),
    live=3,
)
