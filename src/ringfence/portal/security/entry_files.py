"""Lists of address entries as files: CSV, JSON and plain text, read and written row by row."""

import csv
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from ringfence.portal.tables.csvfile import FORMULA_STARTS, csv_text

COLUMNS: Final = ("cidr", "target", "expires_at", "description")
KNOWN: Final = frozenset({*COLUMNS, "address", "netmask"})
COMMENT: Final = ("#", ";")
_DOTTED_MASK: Final = re.compile(r"(\S+)\s+(\d+\.\d+\.\d+\.\d+)")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


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


def form_of(name: str, raw: bytes) -> Form:
    """How a list is written, by the ending of the file's name; else by how it begins.

    >>> form_of("Blocked.CSV", b""), form_of("", b"address;target\\n"), form_of("list.txt", b"192.0.2.1 # phone\\n")
    (<Form.CSV: 'csv'>, <Form.CSV: 'csv'>, <Form.PLAIN: 'plain'>)
    """
    ending = name.lower().rpartition(".")[2]
    if ending in (Form.CSV, Form.JSON):
        return Form(ending)
    start = raw[:4096].decode("utf-8-sig", "replace")
    if start.lstrip().startswith("["):
        return Form.JSON
    first = next((line for line in _told(start.split("\n")) if line.strip()), "")
    names = {part.strip(' "\r').lower() for part in first.split(_delimiter([first]))}
    return Form.CSV if names & {"cidr", "address"} else Form.PLAIN


def read(form: Form, raw: bytes) -> Iterator[RawRow]:
    """Every row. Raises FileBroken."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileBroken(f"The file is not UTF-8 text: byte {error.start + 1} does not fit.") from error
    return _READERS[form](text.replace("\r\n", "\n").replace("\r", "\n"))


def _read_plain(text: str) -> Iterator[RawRow]:
    """One address or prefix on each line, or an address and a dotted mask; what follows # or ; is a comment and becomes
    the description.
    """
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped.startswith(COMMENT):
            continue
        at = min((place for mark in COMMENT if (place := stripped.find(mark)) > 0), default=len(stripped))
        prefix, description = stripped[:at].strip(), stripped[at + 1 :].strip()
        masked = _DOTTED_MASK.fullmatch(prefix)
        address, netmask = masked.groups() if masked else (prefix, "")
        yield RawRow(number, address, netmask, description=description)


def _read_csv(text: str) -> Iterator[RawRow]:
    """Columns are parted by commas, or by semicolons as spreadsheets do where numbers have a comma."""
    lines = text.split("\n")
    reader = csv.reader(_told(lines), strict=True, delimiter=_delimiter(lines))
    try:
        names = [name.strip().lower() for name in next(filter(any, reader), [])]
        _refuse_header(names)
        for values in reader:
            if any(values):
                yield _row(reader.line_num, dict(zip(names, map(_unquoted, values), strict=False)), len(values), names)
    except csv.Error as error:
        raise FileBroken(f"Line {reader.line_num} is no CSV: {error}.") from error


def _told(lines: list[str]) -> Iterator[str]:
    """Every line, comments emptied: the reader counts them, too."""
    return ("" if line.startswith("#") else line for line in lines)


def _delimiter(lines: list[str]) -> str:
    first = next((line for line in _told(lines) if line.strip()), "")
    return ";" if ";" in first and "," not in first else ","


def _refuse_header(names: list[str]) -> None:
    unknown = [name for name in names if name not in KNOWN]
    if unknown or not {"cidr", "address"} & set(names):
        raise FileBroken(
            "The first line must name the columns: cidr (or address and netmask), and if wanted target, expires_at and "
            f"description. {f'Unknown: {unknown[0][:40]!r}.' if unknown else ''}"
        )
    if repeated := [name for name in KNOWN if names.count(name) > 1]:
        raise FileBroken(f"The first line names {repeated[0]!r} twice.")


def _row(number: int, values: dict[str, str], width: int, names: list[str]) -> RawRow:
    if width > len(names):
        raise FileBroken(f"Line {number} has {width} columns, the first line names {len(names)}.")
    if values.get("cidr") and values.get("address"):
        raise FileBroken(f"Line {number} has both cidr and address; write one of them.")
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
    return text[1:] if _looks_quoted(text) else text


def _quoted(text: str) -> str:
    """What looks as if an export had put that apostrophe there gets another one, or its own would be lost."""
    return f"'{text}" if _looks_quoted(text) else text


def _looks_quoted(text: str) -> bool:
    return text.startswith("'") and text.lstrip("'").startswith(FORMULA_STARTS)


def _read_json(text: str) -> Iterator[RawRow]:
    """A list of objects, in whatever lines: each is read without holding the rest, and named by where it begins."""
    opening = _gap(text, 0)
    if not text.startswith("[", opening):
        raise FileBroken("The file must hold a JSON list of objects.")
    start, counted, line = _gap(text, opening + 1), 0, 1
    at_end = text.startswith("]", start)
    while not at_end:
        line += text.count("\n", counted, start)
        counted = start
        item, end = _object_at(text, start)
        yield _row_of(line, item)
        after = _gap(text, end)
        at_end = text.startswith("]", after)
        if not (at_end or text.startswith(",", after)):
            raise FileBroken(f"Line {_line_of(text, after)} is no JSON: a comma or the end of the list is missing.")
        start = after if at_end else _gap(text, after + 1)
    if text[start + 1 :].strip():
        raise FileBroken("The file is no JSON: something follows the end of the list.")


def _gap(text: str, at: int) -> int:
    """Where the next word begins."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _line_of(text: str, at: int) -> int:
    return 1 + text.count("\n", 0, at)


def _object_at(text: str, at: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        raise FileBroken(f"Line {error.lineno} is no JSON: {error.msg}.") from error
    except (ValueError, RecursionError) as error:
        raise FileBroken(f"Line {_line_of(text, at)} is no JSON: {error}.") from error


def _row_of(number: int, item: Any) -> RawRow:
    if not isinstance(item, dict):
        raise FileBroken(f"Line {number} is no object with cidr, target, expires_at and description.")
    unknown = [name for name in item if name not in KNOWN]
    if unknown:
        raise FileBroken(f"Line {number} has an unknown field {unknown[0][:40]!r}.")
    if not all(value is None or isinstance(value, str) for value in item.values()):
        raise FileBroken(f"Line {number} holds a value that is neither text nor null.")
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
        lines = ((cidr, target, _stamp(end), _quoted(description)) for cidr, target, end, description in part)
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
    return end.astimezone(UTC).isoformat() if end else ""
