"""The table of messages."""

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Extension
from ringfence.portal.tables import Column, Empty, Filter, Table
from ringfence.portal.voicemail.models import Message


def messages_of(actor: Actor) -> QuerySet[Message]:
    return Message.objects.visible_to(actor).select_related("extension__tenant")


def own_messages(extension: Extension) -> QuerySet[Message]:
    return Message.objects.filter(extension=extension).select_related("extension__tenant")


def _search(found: Any, wanted: str) -> Any:
    return found.filter(Q(caller__icontains=wanted) | Q(extension__number__startswith=wanted))


def _by_state(found: Any, chosen: str) -> Any:
    return found.filter(heard_at__isnull=chosen == "new")


def messages_table(path: str) -> Table:
    """Newest first, with a player in each row."""
    return Table(
        name=_("messages"),
        path=path,
        row="voicemail/messages_row.html",
        columns=(
            Column("left", _("Received"), ("left_at",)),
            Column("play", _("Listen")),
            Column("mailbox", _("Mailbox"), ("extension__number",), "hide-phone"),
            Column("caller", _("Caller"), ("caller",), "hide-phone"),
            Column("seconds", _("Length"), ("seconds",), "text-end hide-phone"),
            Column("delete", _("Actions"), css="text-end"),
        ),
        order="-left",
        empty=Empty("phone-incoming", _("No messages"), _("Messages that callers leave appear here within seconds.")),
        search=_search,
        search_hint=_("Caller or extension"),
        filters=(Filter("state", _("State"), (("new", _("new")), ("heard", _("heard"))), _by_state),),
        export=(
            ("left_at", lambda row: row.left_at),
            ("mailbox", lambda row: row.extension.aor),
            ("caller", lambda row: row.caller),
            ("seconds", lambda row: row.seconds),
            ("heard_at", lambda row: row.heard_at),
        ),
        live=5,
    )
