"""By what means a notice travels, and what each of them must know."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Means(StrEnum):
    """How a destination is reached."""

    EMAIL = "email"
    WEBHOOK = "webhook"
    SYSLOG = "syslog"


class MailEncryption(StrEnum):
    """How the way to a mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


class LogTransport(StrEnum):
    """How a log collector is reached; `local` is this machine's own /dev/log."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"
    LOCAL = "local"


TIMEOUT: Final = 10.0
"""Seconds that a peer may take for each step."""


TROUBLES: Final = (OSError, UnicodeError)
"""What a connection raises; the second for a name with an empty part or one that is too long."""


class NotDelivered(Exception):
    """The peer did not take it; the sentence is for the page."""


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail server (RFC 5321) and who writes to whom."""

    host: str
    port: int = 587
    encryption: MailEncryption = MailEncryption.STARTTLS
    username: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Webhook:
    """An HTTPS address. Only with `private_network` it may lie in a private network (RFC 1918, RFC 4193)."""

    url: str
    private_network: bool = False


@dataclass(frozen=True, slots=True)
class Syslog:
    """A log collector (RFC 5424)."""

    transport: LogTransport = LogTransport.TLS
    host: str = ""
    port: int = 6514


type Wishes = Mail | Webhook | Syslog


@dataclass(frozen=True, slots=True)
class Batch:
    """Some notices for one destination, oldest first. `key` signs or authenticates, as the means demands."""

    number: str
    bodies: list[dict[str, Any]] = field(default_factory=list)
    key: str = ""


def wishes_of(means: str, stored: dict[str, Any]) -> Wishes:
    """The settings as they were stored."""
    match Means(means):
        case Means.EMAIL:
            return Mail(
                **{
                    **stored,
                    "encryption": MailEncryption(stored["encryption"]),
                    "recipients": tuple(stored["recipients"]),
                }
            )
        case Means.WEBHOOK:
            return Webhook(**stored)
        case Means.SYSLOG:
            return Syslog(**{**stored, "transport": LogTransport(stored["transport"])})
