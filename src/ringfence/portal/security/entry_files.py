"""Lists of address entries as files: CSV, JSON and plain text, read and written row by row."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from ringfence.portal.tables.csvfile import FORMULA_STARTS, csv_text

COLUMNS: Final = ("cidr", "target", "expires_at", "description")
KNOWN: Final = frozenset({*COLUMNS, "address", "netmask"})
COMMENT: Final = ("#", ";")


class Form(StrEnum):
    """How a list is written."""

    CSV = "csv"
    JSON = "json"
    PLAIN = "plain"


MEDIA: Final = {
    Form.CSV: "text/csv; charset=utf-8",
    Form.JSON: "application/json",
    Form.PLAIN: "text/plain; charset=utf-8",
}
ENDING: Final = {Form.CSV: "csv", Form.JSON: "json", Form.PLAIN: "txt"}


class FileBroken(ValueError):
    """The file as a whole cannot be read; the sentence says where and why."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """What one row of a file says, before anybody judged it. `line` counts from 1."""

    line: int
    cidr: str
    netmask: str = ""
    target: str = ""
    expires_at: str = ""
    description: str = ""


def read(form: Form, raw: bytes) -> Iterator[RawRow]:
    """Every row. Raises FileBroken."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileBroken(f"The file is not UTF-8 text: byte {error.start + 1} does not fit.") from error
    return _READERS[form](text)


def _read_plain(text: str) -> Iterator[RawRow]:
    """One address or prefix on each line; what follows # or ; is a comment and becomes the description."""
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith(COMMENT):
            continue
        at = min((place for mark in COMMENT if (place := stripped.find(mark)) > 0), default=len(stripped))
        yield RawRow(number, stripped[:at].strip(), description=stripped[at + 1 :].strip())


def _read_csv(text: str) -> Iterator[RawRow]:
    reader = csv.reader(text.split("\n"), strict=True)
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        _refuse_header(names)
        for values in reader:
            if any(values):
                yield _row(reader.line_num, dict(zip(names, map(_unquoted, values), strict=False)), len(values), names)
    except csv.Error as error:
        raise FileBroken(f"Line {reader.line_num} is no CSV: {error}.") from error


def _refuse_header(names: list[str]) -> None:
    unknown = [name for name in names if name not in KNOWN]
    if unknown or not {"cidr", "address"} & set(names):
        raise FileBroken(
            "The first line must name the columns: cidr (or address and netmask), and if wanted target, expires_at and "
            f"description. {f'Unknown: {unknown[0][:40]!r}.' if unknown else ''}"
        )


def _row(number: int, values: dict[str, str], width: int, names: list[str]) -> RawRow:
    if width > len(names):
        raise FileBroken(f"Line {number} has {width} columns, the first line names {len(names)}.")
    return RawRow(
        number,
        values.get("cidr") or values.get("address", ""),
        values.get("netmask", ""),
        values.get("target", ""),
        values.get("expires_at", ""),
        values.get("description", ""),
    )


def _unquoted(value: str) -> str:
    """An export puts an apostrophe before what a spreadsheet would calculate; it does not belong to the value."""
    text = value.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _read_json(text: str) -> Iterator[RawRow]:
    """A list of objects. What an export writes has one object on each line and is read without holding the rest."""
    lines = text.strip().split("\n")
    if len(lines) > 2 and lines[0].strip() == "[" and lines[-1].strip() == "]":
        found: Iterable[Any] = map(_object_of_line, enumerate(lines[1:-1], 2))
        first = 2
    else:
        found, first = _whole(text), 1
    for number, item in enumerate(found, first):
        yield _row_of(number, item)


def _object_of_line(numbered: tuple[int, str]) -> Any:
    number, line = numbered
    try:
        return json.loads(line.strip().removesuffix(","))
    except (ValueError, RecursionError) as error:
        raise FileBroken(f"Line {number} is no JSON object of its own: {error}.") from error


def _whole(text: str) -> list[Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileBroken(f"The file is no JSON: {error}.") from error
    if not isinstance(found, list):
        raise FileBroken("The file must hold a JSON list of objects.")
    return found


def _row_of(number: int, item: Any) -> RawRow:
    if not isinstance(item, dict):
        raise FileBroken(f"Entry {number} is no object with cidr, target, expires_at and description.")
    unknown = [name for name in item if name not in KNOWN]
    if unknown:
        raise FileBroken(f"Entry {number} has an unknown field {unknown[0][:40]!r}.")
    if not all(value is None or isinstance(value, str) for value in item.values()):
        raise FileBroken(f"Entry {number} holds a value that is neither text nor null.")
    values = {name: value or "" for name, value in item.items()}
    return _row(number, values, 0, [])


_READERS: Final[dict[Form, Callable[[str], Iterator[RawRow]]]] = {
    Form.CSV: _read_csv,
    Form.JSON: _read_json,
    Form.PLAIN: _read_plain,
}

type Row = tuple[str, str, datetime | None, str]
"""cidr, target, end, description."""

ROWS_AT_ONCE: Final = 2000


def write(form: Form, rows: Iterable[Row], title: str) -> Iterator[bytes]:
    """The file in pieces of some thousand rows."""
    return _WRITERS[form](rows, title)


def _write_csv(rows: Iterable[Row], title: str) -> Iterator[bytes]:
    yield ",".join(COLUMNS).encode() + b"\r\n"
    for part in _parts(rows):
        lines = ((cidr, target, _stamp(end), description) for cidr, target, end, description in part)
        yield csv_text(COLUMNS, lines).partition("\r\n")[2].encode()


def _write_json(rows: Iterable[Row], title: str) -> Iterator[bytes]:
    before = "[\n"
    for part in _parts(rows):
        lines = [
            json.dumps({"cidr": cidr, "target": target, "expires_at": _stamp(end) or None, "description": description})
            for cidr, target, end, description in part
        ]
        yield (before + ",\n".join(lines)).encode()
        before = ",\n"
    yield b"[]\n" if before == "[\n" else b"\n]\n"


def _write_plain(rows: Iterable[Row], title: str) -> Iterator[bytes]:
    """The action stands in the first line only: a plain list has one."""
    yield f"# {title}\n".encode()
    for part in _parts(rows):
        yield "".join(f"{cidr}{f' # {text}' if text else ''}\n" for cidr, _, _, text in part).encode()


_WRITERS: Final = {Form.CSV: _write_csv, Form.JSON: _write_json, Form.PLAIN: _write_plain}


def _parts(rows: Iterable[Row]) -> Iterator[list[Row]]:
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) >= ROWS_AT_ONCE:
            yield part
            part = []
    if part:
        yield part


def _stamp(end: datetime | None) -> str:
    return end.astimezone(UTC).isoformat(timespec="seconds") if end else ""
