"""Address entries as a file to save, for pages and REST alike."""

from collections.abc import Iterator
from datetime import UTC
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from ringfence.policy.book import Target
from ringfence.portal.problems import refuse
from ringfence.portal.security.entry_files import ENDING, MEDIA, Form, Row, write
from ringfence.portal.security.entry_search import Entries, State, by_state
from ringfence.portal.security.entry_search import search as searched
from ringfence.portal.security.models import AddressEntry
from ringfence.portal.streamed import streamed

ROWS_AT_ONCE: Final = 5_000


def narrowed(search: str = "", target: str = "", state: str = "") -> Entries:
    """The entries that search and filters leave. Raises Refused."""
    found: Entries = AddressEntry.objects.all()
    if target:
        found = found.filter(target=_one_of(Target, "target", target))
    if state:
        found = by_state(found, _one_of(State, "state", state))
    return searched(found, search) if search else found


def _one_of(kind: type[Target] | type[State] | type[Form], field: str, value: str) -> str:
    values = [item.value for item in kind]
    if value not in values:
        raise refuse(field, f"ip_filter.{field}", f"{value[:40]!r} is not one of {', '.join(values)}.")
    return value


def exported_rows(search: str = "", target: str = "", state: str = "") -> Iterator[Row]:
    """What stands in the file, in the order of the addresses. Raises Refused."""
    rows = narrowed(search, target, state).order_by("sort_key")
    return rows.values_list("cidr", "target", "expires_at", "description").iterator(chunk_size=ROWS_AT_ONCE)


def exported(request: HttpRequest, form: str, search: str = "", target: str = "", state: str = "") -> HttpResponseBase:
    """A plain list has no column for the action, so it holds one action only: block unless allow is asked for."""
    wanted = Form(_one_of(Form, "form", form))
    if wanted is Form.PLAIN:
        target = target or Target.BLOCK.value
    columns = exported_rows(search, target, state)
    now = timezone.now().astimezone(UTC)
    title = f"Ringfence, entries to {target or 'allow and block'}, {now:%Y-%m-%d %H:%M} UTC"
    name = f"ip-filters-{now:%Y%m%d-%H%M}.{ENDING[wanted]}"
    return streamed(request, write(wanted, columns, title), MEDIA[wanted], name)
