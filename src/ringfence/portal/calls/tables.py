"""The tables of registrations, live calls and call records."""

from datetime import timedelta
from typing import Any, Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ringfence.policy.outgoing.spend import MILLION
from ringfence.portal.tables import Column, Empty, Filter, Table
from ringfence.portal.tables.csvfile import instant


def _any_text(*names: str) -> Any:
    """A search over what is in memory: one of these values holds the text."""

    def search(items: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
        text = wanted.lower()
        return [item for item in items if any(text in str(item.get(name, "")).lower() for name in names)]

    return search


def _of_contacts(name: str) -> Any:
    """What each device of an extension says of itself, one after the other."""
    return lambda row: " ".join(str(contact.get(name, "")) for contact in row["contacts"])


REGISTRATIONS: Final = Table(
    name=_("registrations"),
    path="/registrations",
    row="calls/registrations_row.html",
    columns=(
        Column("extension", _("Extension")),
        Column("from", _("From")),
        Column("contact", _("Contact"), css="hide-phone"),
        Column("agent", _("User agent"), css="hide-phone"),
        Column("expires", _("Expires")),
    ),
    order="",
    empty=Empty(
        "device-landline-phone",
        _("No phone is registered"),
        _("Put an extension, its SIP secret and the tenant’s domain into a phone; it appears here within a second."),
    ),
    search=lambda found, _: found,
    search_hint=_("Extension, domain or address"),
    export=(
        ("aor", lambda row: row["aor"]),
        *((name, _of_contacts(name)) for name in ("source", "uri", "user_agent")),
        ("expires_at", lambda row: " ".join(f"{instant(one.get('expires_at')):%FT%TZ}" for one in row["contacts"])),
    ),
    live=2,
)
"""In the order of the extensions, because the guard cuts the pages."""

LIVE_CALLS: Final = Table(
    name=_("calls"),
    path="/calls",
    row="calls/calls_row.html",
    columns=(
        Column("from", _("From"), ("caller",)),
        Column("to", _("To"), ("shown_callee",), "hide-phone"),
        Column("state", _("State"), ("state",)),
        Column("audio", _("Audio"), css="hide-phone"),
        Column("since", _("Time"), ("started_at",), "text-end hide-phone"),
        Column("end", _("Actions")),
    ),
    order="since",
    empty=Empty("phone", _("Nobody is talking"), _("Calls appear here while they ring and as long as they last.")),
    search=_any_text("caller", "shown_callee"),
    search_hint=_("Caller or callee"),
    export=(
        *((name, lambda row, name=name: row.get(name)) for name in ("call_id", "caller", "shown_callee", "state")),
        *((name, lambda row, name=name: instant(row.get(name))) for name in ("started_at", "answered_at")),
        *((name, lambda row, name=name: row.get(name)) for name in ("source", "direction", "caller_rtp", "called_rtp")),
    ),
    live=1,
)


def _search_records(found: Any, wanted: str) -> Any:
    return found.filter(Q(caller__icontains=wanted) | Q(callee__icontains=wanted) | Q(dialled__icontains=wanted))


def _by_result(found: Any, chosen: str) -> Any:
    return found.filter(answered_at__isnull=chosen == "refused")


def _by_age(found: Any, chosen: str) -> Any:
    return found.filter(started_at__gte=timezone.now() - timedelta(days=int(chosen)))


DIRECTIONS: Final = (("internal", _("internal")), ("outbound", _("outbound")), ("inbound", _("inbound")))

_COLUMNS: Final = tuple(
    (name, lambda row, name=name: getattr(row, name))
    for name in (
        "call_id", "caller", "callee", "dialled", "started_at", "answered_at", "ended_at", "duration", "ended_by",
        "code", "reason", "rule", "direction", "payer", "number", "trunk", "outbound_rule", "source", "codec",
        "caller_rtp", "called_rtp", "mos", "loss", "jitter", "round_trip", "destination", "rate",
    )
)  # fmt: skip
EXPORT: Final = (
    *_COLUMNS,
    ("cost", lambda row: None if row.cost is None else row.cost / MILLION),
    ("currency", lambda row: "" if row.cost is None else row.currency),
    ("trunks", lambda row: " ".join(map(str, row.trunks))),
)


def records_table(path: str = "/cdrs") -> Table:
    """Call records, newest first."""
    return Table(
        name=_("call records"),
        path=path,
        row="calls/records_row.html",
        columns=(
            Column("start", _("Start"), ("started_at",)),
            Column("from", _("From"), ("caller",)),
            Column("to", _("To"), ("dialled",), "hide-phone"),
            Column("duration", _("Duration"), ("duration",), "text-end hide-phone"),
            Column("result", _("Result")),
            Column("cost", _("Cost"), css="text-end hide-phone"),
            Column("ended", _("Ended by"), css="hide-phone"),
        ),
        order="-start",
        empty=Empty("history", _("No calls yet"), _("Every finished or refused call appears here within two seconds.")),
        search=_search_records,
        search_hint=_("Caller, callee or dialled number"),
        filters=(
            Filter("result", _("Result"), (("answered", _("answered")), ("refused", _("not answered"))), _by_result),
            Filter("direction", _("Direction"), DIRECTIONS, lambda found, wanted: found.filter(direction=wanted)),
            Filter("days", _("Period"), (("1", _("1 day")), ("7", _("7 days")), ("31", _("31 days"))), _by_age),
        ),
        export=EXPORT,
        live=2,
    )
