"""The audit log as a file: CSV for people, JSON lines for machines; row by row, however long it is."""

import json
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from django.db.models import QuerySet
from django.http import StreamingHttpResponse

from ringfence.portal.audit.models import Entry
from ringfence.portal.tables.csvfile import csv_text

COLUMNS: Final = (
    "id", "at", "actor", "address", "action", "object_id", "object_label", "tenant_id", "changes", "previous_hash",
    "hash",
)  # fmt: skip


class FileFormat(StrEnum):
    """How an export is written."""

    CSV = "csv"
    JSON_LINES = "jsonl"


MEDIA_TYPES: Final = {FileFormat.CSV: "text/csv; charset=utf-8", FileFormat.JSON_LINES: "application/jsonl"}


def entry_facts(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in COLUMNS}


def lines(found: QuerySet[Entry], file_format: FileFormat) -> Iterator[str]:
    """One line for each entry, oldest first."""
    if file_format is FileFormat.CSV:
        yield csv_text(COLUMNS, [])
    for entry in found.order_by("id").iterator(chunk_size=1000):
        facts = entry_facts(entry)
        if file_format is FileFormat.JSON_LINES:
            yield json.dumps(facts) + "\n"
        else:
            yield csv_text([], [[*({**facts, "changes": json.dumps(entry.changes)}).values()]]).lstrip("\r\n")


def answer(found: QuerySet[Entry], file_format: FileFormat) -> StreamingHttpResponse:
    response = StreamingHttpResponse(lines(found, file_format), content_type=MEDIA_TYPES[file_format])
    response["Content-Disposition"] = f'attachment; filename="audit-log.{file_format}"'
    return response
