"""REST: whole lists of address entries."""

from dataclasses import asdict
from typing import Annotated, Any, Final

from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema

from ringfence.policy.book import Target
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.paging import RowId
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused, refuse
from ringfence.portal.schema import In, Instant, Out
from ringfence.portal.security import changes, entry_import
from ringfence.portal.security.entry_export import exported
from ringfence.portal.security.entry_files import MEDIA, Form
from ringfence.portal.security.entry_import import MOST_BYTES, Defaults, Outcome
from ringfence.portal.security.entry_search import State

router = Router()

READ_AT_ONCE: Final = 1 << 20
MOST_IDS: Final = 500


class ImportQuery(Schema):
    """How to read the list, and what a row gets that says nothing itself."""

    dry_run: bool = False
    target: Target = Target.BLOCK
    expires_at: Instant | None = None
    description: str = Field("", max_length=changes.LONGEST_DESCRIPTION)


class RowProblem(Out):
    line: str
    rule: str
    message: str


class ImportOut(Out):
    """`errors` holds the first hundred refused rows; with any of them nothing is added."""

    applied: bool
    rows: int
    added: int
    changed: int
    unchanged: int
    repeated: int
    ended: int
    error_count: int
    errors: list[RowProblem]


class ExportQuery(Schema):
    """Which entries; without a filter all of them."""

    form: Form = Form.CSV
    target: Target | None = None
    state: State | None = None
    search: str = Field("", max_length=100)


class IdsIn(In):
    ids: list[RowId] = Field(..., min_length=1, max_length=MOST_IDS)


class RemovedOut(Out):
    removed: int


BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "The list itself, as text/csv, application/json or text/plain.",
        "content": {media.partition(";")[0]: {"schema": {"type": "string"}} for media in MEDIA.values()},
    }
}


@router.post("ip-filters/import", response=ImportOut, openapi_extra=BODY)
@needs(Permission.SECURITY_WRITE)
def import_entries(request: ApiRequest, query: Annotated[ImportQuery, Query(...)]) -> dict[str, Any]:
    """Adds a list, all of it or nothing. With `dry_run` it only says what it would do, row by row."""
    form, raw = _form(request), _body(request)
    defaults = Defaults(query.target, query.expires_at, query.description)
    work = entry_import.check if query.dry_run else entry_import.take
    return _shown(work(request.auth, form, raw, defaults), applied=not query.dry_run)


def _form(request: ApiRequest) -> Form:
    media = (request.content_type or "").lower()
    for form, wanted in MEDIA.items():
        if media == wanted.partition(";")[0]:
            return form
    refused = refuse("Content-Type", "request.media_type", "Send the list as text/csv, application/json or text/plain.")
    refused.status = 415
    raise refused


def _body(request: ApiRequest) -> bytes:
    parts, size = [], 0
    while part := request.read(READ_AT_ONCE):
        parts.append(part)
        size += len(part)
        if size > MOST_BYTES:
            refused = Refused(detail=f"A list may have {MOST_BYTES >> 20} MiB.", error_id="ip_filter.file_size")
            refused.status = 413
            raise refused
    return b"".join(parts)


def _shown(outcome: Outcome, *, applied: bool) -> dict[str, Any]:
    counts = {name: value for name, value in asdict(outcome).items() if name not in ("problems", "problem_count")}
    errors = [{"line": item.field, "rule": item.rule, "message": item.message} for item in outcome.problems]
    return {**counts, "applied": applied, "error_count": outcome.problem_count, "errors": errors}


@router.get("ip-filters/export", openapi_extra={"responses": {200: {"description": "The list as a file."}}})
@needs(Permission.SECURITY_READ)
def export_entries(request: ApiRequest, query: Annotated[ExportQuery, Query(...)]) -> HttpResponseBase:
    """The entries as CSV, JSON or a plain list, however many there are."""
    wanted = {"target": query.target, "state": query.state}
    return exported(request, query.form.value, query.search, **{name: value or "" for name, value in wanted.items()})


@router.post("ip-filters/delete", response=RemovedOut)
@needs(Permission.SECURITY_WRITE)
def delete_entries(request: ApiRequest, payload: IdsIn) -> dict[str, Any]:
    """Removes up to 500 entries, all of them or none."""
    return {"removed": changes.remove_entries(request.auth, payload.ids)}
