"""The table of allow and block entries."""

from typing import Any, Final

from django.utils.translation import gettext_lazy as _

from ringfence.policy.book import Target
from ringfence.portal.security.entry_search import State, by_state, search
from ringfence.portal.tables import BulkAction, Column, Empty, Filter, Table

PATH: Final = "/ip-blacklist/entries"


def _by_target(found: Any, chosen: str) -> Any:
    return found.filter(target=chosen)


ENTRIES: Final = Table(
    name=_("entries"),
    path=PATH,
    row="security/entries_row.html",
    columns=(
        Column("action", _("Action")),
        Column("address", _("Address or range"), ("sort_key",)),
        Column("description", _("Description"), css="hide-phone"),
        Column("ends", _("Ends"), css="hide-phone"),
        Column("added", _("Added"), ("id",), "hide-phone"),
        Column("actions", ""),
    ),
    order="-added",
    empty=Empty(
        "shield-check",
        _("No entries"),
        _("Allow a trusted office, or block a range. The longest matching range decides."),
        "/ip-blacklist/new",
        _("Add"),
    ),
    search=search,
    search_hint=_("Address, range or description"),
    filters=(
        Filter("target", _("Action"), ((Target.ALLOW.value, _("allow")), (Target.BLOCK.value, _("block"))), _by_target),
        Filter(
            "state",
            _("State"),
            (
                (State.IN_FORCE.value, _("in force")),
                (State.EXPIRING.value, _("ends within 7 days")),
                (State.EXPIRED.value, _("ended")),
            ),
            by_state,
        ),
    ),
    bulk=(BulkAction("delete", _("Remove"), _("Remove these entries?"), "btn-danger"),),
)
