"""Renews the catalogs of texts in portal/locale: `python -m tools.texts`.

Texts come from templates (`translate`, `blocktranslate`) and from code: whatever is passed to gettext, and whatever
stands where a text for people stands (a refusal, a label, the tables of settings and permissions), even in code that
knows no Django. Those are put into the reader's language where they are shown, see portal/language.py.
"""

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from django.template.base import Lexer, TokenType

from tools import catalog
from tools.catalog import Text

SOURCE: Final = Path(__file__).parents[1] / "src" / "ringfence"
LOCALE: Final = SOURCE / "portal" / "locale"
CODE: Final = ("portal", "policy", "engines", "guard", "hosts", "doctor")

CALLS: Final[dict[str, tuple[int, ...]]] = {
    "_": (0,),
    "told": (0,),
    "_now": (0,),
    "gettext": (0,),
    "gettext_lazy": (0,),
    "Problem": (2,),
    "refuse": (2,),
    "success": (1,),
    "info": (1,),
    "warning": (1,),
    "Item": (0,),
    "Section": (0,),
    "Right": (1,),
    "_setting": (1, 2, 3),
    "Number": (0,),
    "limit_field": (0,),
    "_rule": (1,),
    "Telling": (0, 1),
    "_settings_page": (2,),
    "_one": (2,),
    "_service": (2,),
    "Opening": (4,),
    "Service": (1,),
    "_card": (0, 1),
    "password_field": (0,),
    "AcmeFailed": (0,),
    "CertificateRefused": (2,),
    "TransportRefused": (1,),
    "AddressProblem": (1,),
    "FileBroken": (0,),
    "NotDelivered": (0,),
    "Member": (1, 2),
    "Check": (2, 4),
    "set_off": (1,),
    "set_off_for": (1,),
    "Advice": (0,),
    "Difference": (1,),
    "_members": (0, 1, 2),
    "_problem": (0, 1, 2),
    "_refusal": (0, 1, 2),
}
"""Whose arguments are texts for people, and which."""

PLURAL: Final = ("ngettext", "ngettext_lazy")
SHOWN: Final = ("title", "button", "heading", "note")
KEYWORDS: Final = ("detail", "reason", "label", "help_text", "search_hint", "empty_label")
SINGLE: Final = ("WRONG", "OWN_SOURCE", "NOTHING_CHANGED", "reason", "message", "faults")
LISTED: Final = (
    "choices", "MASKS", "ENDS", "LIFETIMES", "TITLES", "_RULES", "REASONS", "SENTENCES", "WHY", "UNPROTECTED",
)  # fmt: skip
"""Tables whose values, or last columns, are texts."""
LETTER: Final = re.compile(r"[^\W\d_]{2}")
IDENTIFIER: Final = re.compile(r"[a-z_]+\.[a-z_.]+")
SENTENCE: Final = "Sentence"
"""The type of what a function without Django tells people (policy/sentence.py)."""

UNSHOWN: Final = re.compile(r"(^|_)api\.py$|^(subscriptions|contract|cloud)\.py$")
"""Files whose texts only programs read: the REST interface speaks English."""

TRANSLATED: Final = re.compile(r"""^translate\s+(?:"([^"]*)"|'([^']*)')""")
INNER: Final = re.compile(r"""_\((?:"([^"]*)"|'([^']*)')\)""")

type Places = dict[Text, list[str]]


def collected() -> Places:
    """Every text, and the files that show it."""
    found: Places = defaultdict(list)
    for path in sorted((SOURCE / "portal").rglob("*.html")):
        for text in of_template(path.read_text(encoding="utf-8")):
            found[text].append(str(path.relative_to(SOURCE)))
    for top in CODE:
        for path in sorted((SOURCE / top).rglob("*.py")):
            if {"migrations", "management", "rest"}.isdisjoint(path.parts) and not UNSHOWN.search(path.name):
                for text in of_code(path.read_text(encoding="utf-8")):
                    found[text].append(str(path.relative_to(SOURCE)))
    return {text: places for text, places in found.items() if _is_told(text.source)}


def _is_told(source: str) -> bool:
    return bool(LETTER.search(source)) and not IDENTIFIER.fullmatch(source)


def of_template(source: str) -> Iterator[Text]:
    """Texts as Django asks for them: percent signs doubled, values as %(name)s."""
    tokens = iter(Lexer(source).tokenize())
    for token in tokens:
        if token.token_type is TokenType.TEXT:
            continue
        yield from (Text(_percent(one or other)) for one, other in INNER.findall(token.contents))
        if match := TRANSLATED.match(token.contents):
            yield Text(_percent(match[1] or match[2]))
        elif token.token_type is TokenType.BLOCK and token.contents.startswith("blocktranslate"):
            yield _block(tokens, " trimmed" in token.contents)


def _block(tokens: Iterator[object], trimmed: bool) -> Text:
    parts = [""]
    for token in tokens:
        assert hasattr(token, "contents") and hasattr(token, "token_type")
        if token.token_type is TokenType.VAR:
            parts[-1] += f"%({token.contents})s"
        elif token.token_type is TokenType.TEXT:
            parts[-1] += _percent(token.contents)
        elif token.contents.startswith("plural"):
            parts.append("")
        else:
            break
    if trimmed:
        parts = [" ".join(filter(None, map(str.strip, part.splitlines()))) for part in parts]
    return Text(*parts)


def _percent(text: str) -> str:
    return text.replace("%", "%%")


def of_code(source: str) -> Iterator[Text]:
    """Texts of one file of Python."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call():
                yield from _of_call(node)
            case ast.ClassDef():
                yield from _of_class(node)
            case ast.FunctionDef(returns=ast.expr() as kind) if SENTENCE in ast.unparse(kind):
                yield from _of_function(node)
            case ast.Dict():
                yield from _of_facts(node)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if name in LISTED or name in SINGLE:
                yield from _table(value) if name in LISTED else _texts(value)


def _of_call(node: ast.Call) -> Iterator[Text]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name in PLURAL:
        yield Text(*(argument.value for argument in node.args[:2] if isinstance(argument, ast.Constant)))  # type: ignore[arg-type]
    is_log = isinstance(node.func, ast.Attribute) and name in ("info", "warning")
    if is_log and getattr(node.func, "value", None) is not None and getattr(node.func.value, "id", "") != "messages":  # type: ignore[attr-defined]
        return
    for place in CALLS.get(name, ()):
        if place < len(node.args):
            yield from _texts(node.args[place])
    for keyword in node.keywords:
        if keyword.arg in KEYWORDS:
            yield from _texts(keyword.value)
        elif keyword.arg == "choices" and isinstance(keyword.value, (ast.List, ast.Tuple)):
            yield from _labels(keyword.value.elts)


def _of_class(node: ast.ClassDef) -> Iterator[Text]:
    bases = {getattr(base, "attr", getattr(base, "id", "")) for base in node.bases}
    for line in node.body:
        match line:
            case ast.Assign(targets=[ast.Name(id="title")], value=value):
                yield from _texts(value)
            case ast.Assign(value=ast.Tuple(elts=[_, label])) if "TextChoices" in bases:
                yield from _texts(label)


def _of_function(node: ast.FunctionDef) -> Iterator[Text]:
    """What a function tells whose result is a Sentence, or several."""
    for inner in ast.walk(node):
        match inner:
            case ast.Return(value=ast.expr() as value) | ast.Yield(value=ast.expr() as value):
                yield from _texts(value)


def _of_facts(node: ast.Dict) -> Iterator[Text]:
    """What a view gives its template under the name of a text."""
    for name, value in zip(node.keys, node.values, strict=True):
        if isinstance(name, ast.Constant) and name.value in SHOWN:
            yield from _texts(value)


def _table(node: ast.expr) -> Iterator[Text]:
    if isinstance(node, ast.Dict):
        rows = node.values
    else:
        rows = [row.elts[-1] for row in getattr(node, "elts", ()) if isinstance(row, ast.Tuple)]
    for row in rows:
        yield from _texts(row.body if isinstance(row, ast.Lambda) else row)


def _labels(elements: Iterable[ast.expr]) -> Iterator[Text]:
    for element in elements:
        if isinstance(element, ast.Tuple) and len(element.elts) == 2:
            yield from _texts(element.elts[1])


def _texts(node: ast.expr) -> Iterator[Text]:
    """The texts an expression can be: literal, or with {} for each value."""
    match node:
        case ast.Constant(value=str(value)) if value:
            yield Text(value)
        case ast.JoinedStr(values=pieces):
            yield Text("".join(one.value if isinstance(one, ast.Constant) else "{}" for one in pieces))  # type: ignore[misc]
        case ast.IfExp(body=body, orelse=orelse):
            yield from _texts(body)
            yield from _texts(orelse)
        case ast.BoolOp(values=inner) | ast.Tuple(elts=inner) | ast.List(elts=inner):
            for part in inner:
                yield from _texts(part)
        case ast.BinOp(left=left, op=ast.Mod()):
            yield from _texts(left)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            for start in _texts(left):
                yield start
                yield from (Text(start.source + rest.source) for rest in _texts(right))


def renewed(language: str, places: Places) -> dict[Text, tuple[str, ...]]:
    """The catalog of a language with the texts there are now; new ones are empty."""
    path = LOCALE / language / "LC_MESSAGES" / "django.po"
    known = catalog.read(path) if path.exists() else {}
    return {text: known.get(text, ("", "") if text.plural else ("",)) for text in places}


def main() -> int:
    places = collected()
    missing = 0
    for language in sorted(path.name for path in LOCALE.iterdir() if path.is_dir()):
        folder = LOCALE / language / "LC_MESSAGES"
        texts = renewed(language, places)
        (folder / "django.po").write_text(catalog.written(texts, language, places), encoding="utf-8")
        (folder / "django.mo").write_bytes(catalog.compiled(texts, language))
        empty = sum(not all(forms) for forms in texts.values())
        print(f"{language}: {len(texts)} texts, {empty} without a translation")
        missing += empty
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
