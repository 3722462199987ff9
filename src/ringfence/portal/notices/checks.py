"""Judges what somebody wants of a destination. Every reason names its field; nothing is stored before."""

import re
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ringfence.policy.settings import Problem
from ringfence.portal.notices.means import LogTransport, Mail, MailEncryption, Means, Syslog, Webhook, Wishes
from ringfence.portal.notices.topics import Topic
from ringfence.portal.text import control_problem

_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9._:-]{1,253}")
_NO_HOST: Final = re.compile(r"^\.|\.\.|[^.:]{64}")
"""An empty part, or one longer than DNS has (RFC 1035 section 2.3.4)."""

MOST_RECIPIENTS: Final = 20
LONGEST_URL: Final = 500


def stored(wishes: Wishes) -> dict[str, Any]:
    """The settings as plain values for the database and for REST."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(wishes).items()}


def wished(means: Means, values: dict[str, Any]) -> Wishes:
    """Settings from what came in; what is missing has its default. Judge them before use."""
    text = {name: str(value).strip() for name, value in values.items() if isinstance(value, str)}
    match means:
        case Means.EMAIL:
            encryption = MailEncryption(text.get("encryption") or MailEncryption.STARTTLS)
            port = int(values.get("port") or {MailEncryption.TLS: 465, MailEncryption.NONE: 25}.get(encryption, 587))
            to = tuple(str(item).strip() for item in values.get("recipients") or ())
            return Mail(text.get("host", ""), port, encryption, text.get("username", ""), text.get("sender", ""), to)
        case Means.WEBHOOK:
            return Webhook(text.get("url", ""), bool(values.get("private_network")))
        case Means.SYSLOG:
            transport = LogTransport(text.get("transport") or LogTransport.TLS)
            port = int(values.get("port") or (6514 if transport is LogTransport.TLS else 514))
            return Syslog(transport, text.get("host", ""), port)


def problems(wishes: Wishes, has_secret: bool) -> list[Problem]:
    """Every reason to refuse these settings."""
    match wishes:
        case Mail():
            return _mail_problems(wishes, has_secret)
        case Webhook():
            return _webhook_problems(wishes)
        case Syslog():
            return [] if wishes.transport is LogTransport.LOCAL else _place_problems(wishes.host, wishes.port)


def topic_problems(topics: Iterable[str]) -> list[Problem]:
    wanted = list(topics)
    if not wanted:
        return [Problem("topics", "notices.no_topic", "Choose at least one topic, or nothing is ever sent.")]
    known = {item.value for item in Topic}
    return [
        Problem("topics", "notices.topic", f"{item[:40]!r} is no topic; there are {', '.join(sorted(known))}.")
        for item in wanted
        if item not in known
    ]


def _mail_problems(mail: Mail, has_secret: bool) -> list[Problem]:
    found = _place_problems(mail.host, mail.port)
    if not 0 < len(mail.recipients) <= MOST_RECIPIENTS:
        found.append(Problem("recipients", "notices.recipients", f"Name 1 to {MOST_RECIPIENTS} recipients."))
    for name, address in [("sender", mail.sender), *(("recipients", item) for item in mail.recipients)]:
        if not _is_address(address):
            found.append(Problem(name, "notices.address", f"{address[:80]!r} is no e-mail address."))
    if mail.username and mail.encryption is MailEncryption.NONE:
        found.append(
            Problem("encryption", "notices.clear_password", "A password must not travel in the clear: use TLS.")
        )
    if mail.username and not has_secret:
        found.append(Problem("secret", "notices.no_password", "A username needs its password."))
    if problem := control_problem("username", mail.username):
        found.append(problem)
    return found


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def _webhook_problems(webhook: Webhook) -> list[Problem]:
    """Where the name leads is judged at each delivery: it may change after this moment."""
    try:
        parts = urlsplit(webhook.url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if (
        len(webhook.url) > LONGEST_URL
        or not webhook.url.isascii()
        or not webhook.url.isprintable()
        or " " in webhook.url
    ):
        return [Problem("url", "notices.url", f"The address has at most {LONGEST_URL} plain characters.")]
    if parts.scheme != "https" or not host or _NO_HOST.search(host) or port == 0:
        return [Problem("url", "notices.https", "The address must begin with https:// and name a host.")]
    if parts.username or parts.password:
        return [Problem("url", "notices.url_secret", "A password in the address ends up in logs; leave it out.")]
    return []


def _place_problems(host: str, port: int) -> list[Problem]:
    found = []
    if not _HOST.fullmatch(host) or _NO_HOST.search(host):
        found.append(Problem("host", "notices.host", f"{host[:80]!r} is no host name or address."))
    if not 0 < port < 65_536:
        found.append(Problem("port", "notices.port", f"{port} is no port; it is 1 to 65535."))
    return found
