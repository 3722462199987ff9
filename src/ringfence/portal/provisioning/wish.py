"""A phone as somebody wants it, and every reason to refuse that."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from ringfence.policy.addresses import AddressProblem, parse_network
from ringfence.policy.settings import Problem
from ringfence.portal.provisioning.models import USUAL_CODECS, Opening
from ringfence.portal.provisioning.render import Key
from ringfence.portal.provisioning.vendors import PROFILES, Codec, KeyKind, Srtp, Transport, Vendor
from ringfence.portal.text import control_problem, label_problem

MOST_KEYS: Final = 60
MOST_NETWORKS: Final = 16
MOST_GRACE: Final = 1440
LARGEST_VLAN: Final = 4094

_MAC: Final = re.compile(r"[0-9a-f]{12}")
_SEPARATORS: Final = re.compile(r"[:.\- ]")
_HOST: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9-]{1,63})*|[0-9A-Fa-f:]{2,45}")
_KEY: Final = re.compile(r"[0-9*#+]{1,32}")
_MODEL: Final = re.compile(r"[A-Za-z0-9 ._/+-]{0,64}")


@dataclass(frozen=True, slots=True)
class Wish:
    """Everything of a phone but whose it is. `opening` None is the vendor's usual one."""

    vendor: Vendor
    mac: str = ""
    model: str = ""
    transport: Transport = Transport.TLS
    srtp: Srtp = Srtp.OPTIONAL
    codecs: tuple[Codec, ...] = USUAL_CODECS
    keys: tuple[Key, ...] = ()
    voice_vlan: int | None = None
    time_server: str = ""
    firmware: str = ""
    web_page: bool = False
    networks: tuple[str, ...] = ()
    needs_login: bool = False
    opening: Opening = Opening.ONCE
    grace_minutes: int = 15


def plain_mac(text: str) -> str:
    """
    >>> plain_mac("00:15:65:AA:bb:cc")
    '001565aabbcc'
    """
    return _SEPARATORS.sub("", text.strip()).lower()


def problems(wish: Wish) -> list[Problem]:
    """Every reason to refuse it that needs no look at other phones."""
    found: list[Problem | None] = [
        _mac_problem(wish),
        *_key_problems(wish.keys),
        *network_problems(wish.networks),
        vlan_problem(wish.voice_vlan),
        host_problem("time_server", wish.time_server),
        _firmware_problem(wish.firmware),
    ]
    if not _MODEL.fullmatch(wish.model):
        found.append(Problem("model", "phone.model", "A model has up to 64 letters, digits, blanks or . _ / + -"))
    if not wish.codecs or len(set(wish.codecs)) != len(wish.codecs):
        found.append(Problem("codecs", "phone.codecs", "Name at least one codec, and each only once."))
    if not 0 <= wish.grace_minutes <= MOST_GRACE:
        message = f"After the first fetch a directory stays open for 0 to {MOST_GRACE} minutes; 0 closes it at once."
        found.append(Problem("grace_minutes", "phone.grace", message))
    return [problem for problem in found if problem]


def _mac_problem(wish: Wish) -> Problem | None:
    if not wish.mac and not PROFILES[wish.vendor].needs_mac:
        return None
    if not _MAC.fullmatch(wish.mac) or wish.mac in ("0" * 12, "f" * 12) or int(wish.mac[1], 16) & 1:
        return Problem("mac", "phone.mac", "A MAC address has 12 hexadecimal digits, as 00:15:65:aa:bb:cc.")
    return None


def _key_problems(keys: Iterable[Key]) -> Iterable[Problem]:
    held = tuple(keys)
    if len(held) > MOST_KEYS:
        yield Problem("keys", "phone.keys", f"A phone has at most {MOST_KEYS} keys.")
    for key in held[:MOST_KEYS]:
        if not _KEY.fullmatch(key.value):
            yield Problem("keys", "phone.key", f"{key.value[:40]!r} cannot be called: 1 to 32 digits or * # +")
        elif key.kind is KeyKind.BLF and not key.value.isdigit():
            yield Problem("keys", "phone.key", f"A lamp shows an extension; {key.value!r} is none.")
        if key.label and (problem := label_problem("keys", key.label)):
            yield problem


def network_problems(networks: Iterable[str]) -> Iterable[Problem]:
    held = tuple(networks)
    if len(held) > MOST_NETWORKS:
        yield Problem("networks", "phone.networks", f"At most {MOST_NETWORKS} networks.")
    for text in held[:MOST_NETWORKS]:
        try:
            parse_network(text)
        except AddressProblem as problem:
            yield Problem("networks", "phone.network", str(problem))


def vlan_problem(vlan: int | None) -> Problem | None:
    if vlan is None or 1 <= vlan <= LARGEST_VLAN:
        return None
    return Problem("voice_vlan", "phone.vlan", f"A VLAN is 1 to {LARGEST_VLAN} (IEEE 802.1Q).")


def host_problem(field: str, text: str) -> Problem | None:
    if not text or _HOST.fullmatch(text):
        return None
    return Problem(field, "phone.host", f"{text[:80]!r} is no host name or address.")


def _firmware_problem(text: str) -> Problem | None:
    if not text:
        return None
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(_HOST.fullmatch(parts.hostname or "")) and not parts.username
    except ValueError:
        fits = False
    is_plain = text.isascii() and text.isprintable() and not re.search(r"[\s\"'<>`$\\]", text) and len(text) <= 500
    if fits and is_plain:
        return None
    return Problem("firmware", "phone.firmware", "The firmware is an address as https://firmware.example/t46.rom")


def label_of(text: str) -> str:
    """A label from a file or a form; what cannot be seen is refused where it is checked."""
    return text.strip() if control_problem("keys", text) is None else text
