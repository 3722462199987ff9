"""The text of a phone's file: a template of its vendor, and values that were escaped for its language."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ringfence.portal.provisioning.escaping import ESCAPING, tame, word
from ringfence.portal.provisioning.vendors import Codec, KeyKind, Srtp, Transport
from ringfence.portal.provisioning.zone import UTC, Zone

FILES: Final = Path(__file__).parent / "files"


@dataclass(frozen=True, slots=True)
class Key:
    """One key beside the display."""

    kind: KeyKind
    value: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """What the phone sends with every request for its files (RFC 7617)."""

    user: str
    password: str


@dataclass(frozen=True, slots=True)
class Account:
    """Who registers where. `server` is the outbound proxy; `domain` is the tenant's."""

    number: str
    name: str
    domain: str
    secret: str
    server: str
    port: int
    transport: Transport

    @property
    def place(self) -> str:
        """Server and port in one word; an address of IPv6 stands in brackets (RFC 3986 section 3.2.2)."""
        return f"[{self.server}]:{self.port}" if ":" in self.server else f"{self.server}:{self.port}"


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that a phone is told. `directory` is the address its files are fetched from."""

    account: Account
    mac: str
    directory: str
    admin_password: str
    srtp: Srtp = Srtp.OPTIONAL
    codecs: tuple[Codec, ...] = tuple(Codec)
    keys: tuple[Key, ...] = ()
    voice_vlan: int | None = None
    time_server: str = ""
    zone: Zone = UTC
    firmware: str = ""
    web_page: bool = False
    login: Login | None = None
    mailbox: str = "*97"


def text_of(template: str, sheet: Sheet) -> str:
    """The file. An unknown name in a template is an error, not an empty setting."""
    suffix = template[template.index(".") :]
    return _environment(suffix).get_template(template).render(phone=sheet, account=sheet.account)


@cache
def _environment(suffix: str) -> Environment:
    finalize: Callable[[object], str] = ESCAPING[suffix]
    made = Environment(
        loader=FileSystemLoader(FILES),
        undefined=StrictUndefined,
        finalize=finalize,
        autoescape=False,  # noqa: S701 - not HTML: `finalize` escapes for the file's language
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters.update(tame=tame, word=word)
    return made
