"""Catalogs of texts as GNU gettext has them: the file that translators edit (.po), the one programs read (.mo).

Written here because the platform has no gettext; both formats are of "The GNU gettext manual", 3 and 10.3.
"""

import ast
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PLURALS: Final = "nplurals=2; plural=(n != 1);"
MAGIC: Final = 0x950412DE


@dataclass(frozen=True, slots=True)
class Text:
    """A text of the portal; `plural` is empty unless a number decides."""

    source: str
    plural: str = ""


type Catalog = Mapping[Text, tuple[str, ...]]
"""What each text is in another language: one form, or two when a number decides."""


def head(language: str) -> str:
    """The entry that tells readers how to read the rest."""
    return (
        f"Project-Id-Version: Ringfence\nLanguage: {language}\nMIME-Version: 1.0\n"
        f"Content-Type: text/plain; charset=UTF-8\nContent-Transfer-Encoding: 8bit\nPlural-Forms: {PLURALS}\n"
    )


def compiled(catalog: Catalog, language: str) -> bytes:
    """The .mo file: two tables of lengths and places, then the texts. What has no translation is left out."""
    entries = {"": head(language)}
    for text, forms in catalog.items():
        if all(forms):
            entries["\0".join(filter(None, (text.source, text.plural)))] = "\0".join(forms)
    pairs = sorted((key.encode(), value.encode()) for key, value in entries.items())
    at = 28 + 16 * len(pairs)
    tables, body = [], b""
    for column in (0, 1):
        for pair in pairs:
            tables += [len(pair[column]), at + len(body)]
            body += pair[column] + b"\0"
    header = struct.pack("<7I", MAGIC, 0, len(pairs), 28, 28 + 8 * len(pairs), 0, at)
    return header + struct.pack(f"<{len(tables)}I", *tables) + body


def written(catalog: Catalog, language: str, places: Mapping[Text, Iterable[str]]) -> str:
    """The .po file, in the order of the texts, each with the files that show it."""
    blocks = ['msgid ""\nmsgstr ""\n' + "".join(f"{quoted(line)}\n" for line in head(language).splitlines(True))]
    for text in sorted(catalog, key=lambda item: (item.source.casefold(), item.source)):
        lines = [f"#: {place}" for place in sorted(set(places.get(text, ())))]
        lines.append(f"msgid {quoted(text.source)}")
        if text.plural:
            lines.append(f"msgid_plural {quoted(text.plural)}")
            lines += [f"msgstr[{number}] {quoted(form)}" for number, form in enumerate(catalog[text])]
        else:
            lines.append(f"msgstr {quoted(catalog[text][0])}")
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def read(path: Path) -> dict[Text, tuple[str, ...]]:
    """What a .po file holds. Raises OSError, SyntaxError or ValueError."""
    found: dict[Text, tuple[str, ...]] = {}
    for fields in _entries(path.read_text(encoding="utf-8")):
        source = fields.pop("msgid")
        plural = fields.pop("msgid_plural", "")
        if source:
            found[Text(source, plural)] = tuple(fields.values())
    return found


def _entries(text: str) -> Iterator[dict[str, str]]:
    for block in text.split("\n\n"):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            if not line.startswith('"'):
                name, _, line = line.partition(" ")
            fields[name] = fields.get(name, "") + ast.literal_eval(line)
        if "msgid" in fields:
            yield fields
