"""Turns a template and validated values into the text of one engine file.

Every value passes the engine's quoting function, because it is Jinja's `finalize`: a template cannot forget it.
A value that an engine has no safe spelling for is refused, never repaired.
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES: Final = Path(__file__).parent / "templates"

type Quoting = Callable[[object], str]

_PLAIN: Final = re.compile(r"[A-Za-z0-9_./:@,+=\[\] -]*")
_BARE: Final = re.compile(r"[A-Za-z0-9_./:@,+=\[\]-]+")


class ValueRefused(ValueError):
    """A value has no safe spelling in the engine's language."""

    def __init__(self, engine: str, value: object) -> None:
        super().__init__(f"{engine} has no safe spelling for {value!r}")


def render(template: str, quoting: Quoting, **values: object) -> str:
    """The text of `templates/<template>` with each value quoted; an unknown name is an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        finalize=quoting,
        autoescape=False,  # noqa: S701 - not HTML: `finalize` quotes for the engine
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(**values)


def is_plain(path: Path) -> bool:
    """Whether every engine has a spelling for it, with quotes and without.

    >>> is_plain(Path("/var/lib/ringfence")), is_plain(Path("/srv/my phones"))
    (True, False)
    """
    return _BARE.fullmatch(str(path)) is not None


def bracketed(address: IPv4Address | IPv6Address) -> str:
    """An address as a URI or a listen directive writes it (RFC 3986 section 3.2.2)."""
    return f"[{address}]" if address.version == 6 else str(address)


class Bare(str):
    """Text that stands without quotes: a file name in a comment, a `host:port`. Only harmless characters pass."""

    __slots__ = ()


def _number_or_address(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, IPv4Address | IPv6Address):
        return bracketed(value)
    return None


def quote_kamailio(value: object) -> str:
    """Kamailio: numbers and addresses bare, yes/no for booleans, text in double quotes.

    `$` starts a pseudo-variable and `#!` a preprocessor line, so neither can be carried.
    """
    known = _number_or_address(value)
    if known is not None:
        return known
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _text("Kamailio", value, quote=True)


def quote_nginx(value: object) -> str:
    """nginx: numbers and addresses bare, on/off for booleans, text in double quotes; `$` would be a variable."""
    known = _number_or_address(value)
    if known is not None:
        return known
    if isinstance(value, bool):
        return "on" if value else "off"
    return _text("nginx", value, quote=True)


def quote_rtpengine(value: object) -> str:
    """rtpengine (GLib key file): nothing is quoted there, so only characters without a meaning pass."""
    known = _number_or_address(value)
    if isinstance(value, IPv4Address | IPv6Address):
        return str(value)
    if known is not None:
        return known
    if isinstance(value, bool):
        return "true" if value else "false"
    return _text("rtpengine", value, quote=False)


def _text(engine: str, value: object, *, quote: bool) -> str:
    text = str(value) if isinstance(value, str | Path) else None
    allowed = _BARE if isinstance(value, Bare) or not quote else _PLAIN
    if text is None or not allowed.fullmatch(text):
        raise ValueRefused(engine, value)
    return f'"{text}"' if quote and not isinstance(value, Bare) else text
