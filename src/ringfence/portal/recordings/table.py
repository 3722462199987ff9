"""The table of recordings."""

from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.calls.tables import DIRECTIONS
from ringfence.portal.people.models import Extension
from ringfence.portal.recordings.models import Recording
from ringfence.portal.tables import Column, Empty, Filter, Table


def recordings_of(actor: Actor) -> QuerySet[Recording]:
    return Recording.objects.visible_to(actor)


def own_recordings(extension: Extension) -> QuerySet[Recording]:
    return Recording.objects.of_extension(extension)


def _search(found: Any, wanted: str) -> Any:
    return found.filter(Q(caller__icontains=wanted) | Q(callee__icontains=wanted) | Q(call_id=wanted))


EXPORT: Final = tuple(
    (name, lambda row, name=name: getattr(row, name))
    for name in ("started_at", "call_id", "caller", "callee", "direction", "why", "by", "announced", "seconds")
)


def recordings_table(path: str) -> Table:
    """Newest first, with a player in each row, so far in front that it is there on a phone too."""
    return Table(
        name=_("recordings"),
        path=path,
        row="recordings/recordings_row.html",
        columns=(
            Column("start", _("Start"), ("started_at",), "hide-phone"),
            Column("play", _("Listen")),
            Column("from", _("From"), ("caller",)),
            Column("to", _("To"), ("callee",), "hide-phone"),
            Column("why", _("Recorded by"), ("why",), "hide-phone"),
            Column("seconds", _("Length"), ("seconds",), "text-end hide-phone"),
            Column("actions", _("Actions"), css="text-end"),
        ),
        order="-start",
        empty=Empty("history", _("No recordings"), _("Recorded calls appear here within seconds of their end.")),
        search=_search,
        search_hint=_("Caller, callee or call id"),
        filters=(
            Filter("direction", _("Direction"), DIRECTIONS, lambda found, wanted: found.filter(direction=wanted)),
        ),
        export=EXPORT,
        live=5,
    )
