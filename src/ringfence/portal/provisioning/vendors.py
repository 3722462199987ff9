"""The makers of phones: which files their phones ask for, and what each file is made of. One table."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

XML: Final = "text/xml; charset=utf-8"
PLAIN: Final = "text/plain; charset=utf-8"


class Vendor(StrEnum):
    """Whose files are made."""

    YEALINK = "yealink"
    GRANDSTREAM = "grandstream"
    POLY = "poly"
    SNOM = "snom"
    FANVIL = "fanvil"
    CISCO = "cisco"
    GENERIC = "generic"


class Transport(StrEnum):
    """How the phone speaks SIP."""

    TLS = "tls"
    TCP = "tcp"
    UDP = "udp"


class Srtp(StrEnum):
    """Whether the phone encrypts what is spoken (RFC 3711, RFC 4568)."""

    OFF = "off"
    OPTIONAL = "optional"
    REQUIRED = "required"


class Codec(StrEnum):
    """What a phone can be told to offer, by the name in SDP."""

    PCMA = "PCMA"
    PCMU = "PCMU"
    G722 = "G722"
    OPUS = "opus"
    G729 = "G729"


class KeyKind(StrEnum):
    """What a key does: shows and calls an extension, or calls a number."""

    BLF = "blf"
    SPEED_DIAL = "speed_dial"


@dataclass(frozen=True, slots=True)
class File:
    """A file a phone asks for: `name` with `{mac}` in it, its template, and other spellings that are the same file."""

    name: str
    template: str
    content_type: str = XML
    others: tuple[str, ...] = ()

    def is_named(self, asked: str, mac: str) -> bool:
        """Whether a phone with this MAC means this file. Vendors differ in capital letters."""
        patterns = (re.escape(self.name).replace(r"\{mac\}", re.escape(mac)), *self.others)
        return any(re.fullmatch(one.replace("{mac}", mac), asked, re.IGNORECASE) for one in patterns)


@dataclass(frozen=True, slots=True)
class Profile:
    """What is particular about a vendor. `event` is what makes its phones fetch again; "" for none."""

    title: str
    files: tuple[File, ...]
    event: str = "check-sync"
    needs_mac: bool = True

    def file(self, asked: str, mac: str) -> File | None:
        return next((one for one in self.files if one.is_named(asked, mac)), None)


SOFTLY: Final = "check-sync;reboot=false"

PROFILES: Final[dict[Vendor, Profile]] = {
    Vendor.YEALINK: Profile("Yealink", (File("{mac}.cfg", "yealink.cfg.j2", PLAIN),), SOFTLY),
    Vendor.GRANDSTREAM: Profile("Grandstream", (File("cfg{mac}.xml", "grandstream.xml.j2"),)),
    Vendor.POLY: Profile(
        "Poly (Polycom)",
        (File("{mac}.cfg", "poly-master.xml.j2"), File("{mac}-ringfence.cfg", "poly.xml.j2")),
    ),
    Vendor.SNOM: Profile(
        "Snom", (File("{mac}.xml", "snom.xml.j2", others=("{mac}[.]html?", "snom[a-z0-9]{2,8}-{mac}[.]html?")),), SOFTLY
    ),
    Vendor.FANVIL: Profile(
        "Fanvil", (File("{mac}.cfg", "fanvil.xml.j2", others=("{mac}[.]xml",)),), "check-sync;reboot=false"
    ),
    Vendor.CISCO: Profile(
        "Cisco (SPA, MPP)", (File("{mac}.xml", "cisco.xml.j2", others=("spa{mac}[.]xml", "{mac}[.]cfg")),)
    ),
    Vendor.GENERIC: Profile("App (Linphone)", (File("linphone.xml", "linphone.xml.j2"),), "", needs_mac=False),
}
