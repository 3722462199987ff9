"""In which language somebody reads the portal, and texts that are put into it where they are shown.

A person's own choice goes first, then what the browser asks for (RFC 9110, 12.5.4), then English. The REST interface
speaks English to everybody: programs read it.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import trans_real

type Answer = Callable[[HttpRequest], HttpResponse]

CHOICES: Final = tuple(settings.LANGUAGES)
"""(code, the language's own name) of every language that the portal speaks."""

ENGLISH: Final = "en"
PLACE: Final = re.compile(r"\{\}")
LONGEST: Final = 1000


def own_language(answer: Answer) -> Answer:
    """The language of whoever is signed in, if he chose one."""

    def in_language(request: HttpRequest) -> HttpResponse:
        wanted = ENGLISH if request.path.startswith("/api/") else _chosen(request)
        if not wanted:
            return answer(request)
        with translation.override(wanted):
            response = answer(request)
        if wanted != ENGLISH:
            response["Content-Language"] = wanted
        return response

    return in_language


def _chosen(request: HttpRequest) -> str:
    wanted = request.user.language if request.user.is_authenticated else ""
    return wanted if wanted in dict(CHOICES) else ""


def told(text: object) -> str:
    """A text of the system in the reader's language; what the catalog does not know stays as it is.

    Code without Django (the policy, the guard) writes plain English, some of it with values inside: the catalog holds
    those texts with {} at each value.
    """
    plain = str(text)
    if isinstance(text, Promise) or not plain or translation.get_language() in (None, ENGLISH):
        return plain
    exact = translation.gettext(plain)
    if exact != plain or len(plain) > LONGEST:
        return exact
    return _with_values(plain, _patterns(str(translation.get_language())))


def _with_values(plain: str, patterns: Iterable[tuple[tuple[str, ...], str]]) -> str:
    for pieces, target in patterns:
        values = values_between(plain, pieces)
        if values is not None:
            return target.format(*map(told, values))
    return plain


def values_between(text: str, pieces: tuple[str, ...]) -> list[str] | None:
    """What stands between the pieces of a text, or None when it is another text. Reads the text once.

    >>> values_between("The trunk home is deleted.", ("The trunk ", " is deleted."))
    ['home']
    """
    first, last = pieces[0], pieces[-1]
    if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
        return None
    values, at, end = [], len(first), len(text) - len(last)
    for piece in pieces[1:-1]:
        found = text.find(piece, at, end)
        if found < 0:
            return None
        values.append(text[at:found])
        at = found + len(piece)
    return [*values, text[at:end]]


@cache
def _patterns(language: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The catalog's texts with places, those with the most fixed letters first: they say most exactly what they are."""
    found = [
        (tuple(PLACE.split(source)), target)
        for source, target in trans_real.translation(language)._catalog.items()  # type: ignore[attr-defined]
        if isinstance(source, str) and "{}" in source and target
    ]
    return tuple(sorted(found, key=lambda item: -sum(map(len, item[0]))))
