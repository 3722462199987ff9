"""The same for every marked row of a table, or for none of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.actor import Actor
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused, refuse
from ringfence.portal.tables.table import BulkAction, Table

MOST_MARKED: Final = 500

type Deed = Callable[[Actor, Any], object]
"""What a button does to one row. Raises Refused."""


@dataclass(frozen=True, slots=True)
class Bulk:
    """The buttons of a table and what they do. `rows` are those that the actor may see; it answers at `PATH/bulk`."""

    table: Table
    permission: Permission
    rows: Callable[[Actor], QuerySet[Any]]
    deeds: tuple[tuple[BulkAction, Deed], ...]

    def shown_to(self, actor: Actor) -> Table:
        """The table, with the buttons for whoever may press them."""
        return replace(self.table, bulk=tuple(button for button, _ in self.deeds)) if self._may(actor) else self.table

    def _may(self, actor: Actor) -> bool:
        return actor.may(self.permission)

    def view(self) -> Callable[..., HttpResponseBase]:
        """The page that the buttons send to."""
        return permitted(self.permission)(require_POST(self._answer))

    def _answer(self, request: HttpRequest) -> HttpResponse:
        try:
            done = self.carry_out(actor_of(request), marked(request), request.POST.get("action", ""))
        except Refused as refused:
            messages.error(request, refused.problems[0].message if refused.problems else refused.detail)
        else:
            text = ngettext("%(done)d row is changed.", "%(done)d rows are changed.", done)
            messages.success(request, text % {"done": done})
        return HttpResponseRedirect(self.table.path)

    def carry_out(self, actor: Actor, ids: Sequence[int], action: str) -> int:
        """How many rows were changed. Raises Refused: nothing was changed then."""
        deeds = {button.name: deed for button, deed in self.deeds}
        if action not in deeds:
            raise refuse("action", "rows.action", "There is no such action.")
        if not ids:
            raise refuse("id", "rows.none", "No row is marked.")
        with transaction.atomic():
            found = list(self.rows(actor).filter(pk__in=ids))
            if len(found) != len(set(ids)):
                raise NotFound(detail="One of these rows does not exist any more; nothing was changed. Look again.")
            for row in found:
                deeds[action](actor, row)
        return len(found)


def marked(request: HttpRequest) -> list[int]:
    """The rows that were marked on the page; at most 500."""
    return [int(text) for text in request.POST.getlist("id")[:MOST_MARKED] if text.isdecimal() and len(text) < 18]


def deleting(confirm: Any) -> BulkAction:
    """The button that everybody knows."""
    return BulkAction("delete", _("Delete"), confirm, "btn-danger")
