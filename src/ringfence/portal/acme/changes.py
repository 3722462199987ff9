"""What can be done about certificates of an authority: say where and for which names, and order one."""

from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from ringfence.engines.certificates.sippairs import DOMAIN
from ringfence.hosts.addresses import parsed
from ringfence.policy.settings import Problem
from ringfence.portal.access import require, require_any
from ringfence.portal.acme.jws import unbase64url
from ringfence.portal.acme.models import AcmeSettings, CertificateOrder
from ringfence.portal.actor import Actor
from ringfence.portal.change import SECRET_CHANGED, change
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, Refused

PLAIN: Final = ("directory", "names", "email", "terms_agreed", "renew", "authority", "external_key_id")
MOST_NAMES: Final = 20
LONGEST: Final = {"directory": 300, "email": 200, "authority": 100_000, "external_key_id": 200, "external_key": 500}


def current(actor: Actor) -> dict[str, Any]:
    """The settings; whether there is a key of an account at the authority, and not the key."""
    require_any(actor, Permission.SYSTEM_READ, Permission.WEB_WRITE)
    row = AcmeSettings.current()
    return {
        **_plain(row),
        "has_external_key": bool(row.external_key),
        "renew_at": row.renew_at.isoformat() if row.renew_at else None,
    }


def configure(actor: Actor, values: dict[str, Any]) -> dict[str, Any]:
    """Values that are not named stay. Raises Refused."""
    require(actor, Permission.WEB_WRITE)
    values = dict(values)
    if "names" in values:
        values["names"] = list(dict.fromkeys(str(name).strip().lower().rstrip(".") for name in values["names"]))
    with change(actor) as draft:
        row = AcmeSettings.current()
        key = values.pop("external_key", None)
        old = _plain(row)
        new = {**old, **values}
        if problems := list(_problems(new, key, has_key=bool(row.external_key))):
            raise Refused(problems)
        for name, value in new.items():
            setattr(row, name, value)
        if key is not None or not row.external_key_id:
            row.keep_external_key(key if key and row.external_key_id else "")
        row.save()
        told = {**new, "external_key": SECRET_CHANGED} if key is not None else new
        draft.record("acme.changed", "", "Certificate of an authority", old, told)
    return current(actor)


def ask_for_one(actor: Actor) -> CertificateOrder:
    """It is ordered within seconds by the process for call records. Raises Refused or Conflict."""
    require(actor, Permission.WEB_WRITE)
    row = AcmeSettings.current()
    if problems := list(_missing(row)):
        raise Refused(problems)
    if CertificateOrder.any_under_way():
        raise Conflict(detail="A certificate is being ordered already.")
    with change(actor) as draft:
        made = CertificateOrder.objects.create(asked_by=actor.name)
        draft.record("certificate.ordered", made.pk, ", ".join(row.names)[:200])
    return made


def _plain(row: AcmeSettings) -> dict[str, Any]:
    return {name: getattr(row, name) for name in PLAIN}


def _missing(row: AcmeSettings) -> Iterator[Problem]:
    if not row.directory:
        yield Problem("directory", "acme.directory", "Say first where certificates are ordered.")
    if not row.names:
        yield Problem("names", "acme.names", "Say first for which host names.")
    if not row.terms_agreed:
        yield Problem("terms_agreed", "acme.terms", "An authority issues nothing before its terms are agreed to.")


def _problems(values: dict[str, Any], key: str | None, *, has_key: bool) -> Iterator[Problem]:
    for name, longest in LONGEST.items():
        if len(values.get(name, "") if name != "external_key" else key or "") > longest:
            yield Problem(name, "text.length", f"At most {longest} characters.")
    if values["directory"] and not _is_https(values["directory"]):
        yield Problem("directory", "acme.directory", "This is an address that begins with https://.")
    if values["email"] and not _is_email(values["email"]):
        yield Problem("email", "acme.email", "This is no e-mail address.")
    if values["authority"] and not _is_pem(values["authority"]):
        yield Problem("authority", "acme.authority", "There is no readable certificate here. It must be PEM text.")
    yield from _problems_of_names(values["names"])
    yield from _problems_of_external(values["external_key_id"], key, has_key=has_key)


def _problems_of_names(names: list[str]) -> Iterator[Problem]:
    if len(names) > MOST_NAMES:
        yield Problem("names", "acme.names", f"At most {MOST_NAMES} names.")
    for name in names[:MOST_NAMES]:
        if "*" in name:
            yield Problem("names", "acme.wildcard", "A wildcard cannot be proved over HTTP; name each host.")
        elif not DOMAIN.fullmatch(name) or parsed(name) is not None:
            yield Problem("names", "acme.names", f"{name[:80]!r} is no host name.")


def _problems_of_external(key_id: str, key: str | None, *, has_key: bool) -> Iterator[Problem]:
    if key_id and not (key or (has_key and key is None)):
        yield Problem("external_key", "acme.external_key", "The name of a key needs the key.")
    if key and not key_id:
        yield Problem("external_key_id", "acme.external_key", "The key needs its name.")
    if key and not _is_base64url(key):
        yield Problem("external_key", "acme.external_key", "The key is base64url text, as the authority shows it.")


def _is_https(text: str) -> bool:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return False
    printable = text.isascii() and all(sign > " " for sign in text)
    return parts.scheme == "https" and bool(parts.hostname) and port != 0 and "@" not in parts.netloc and printable


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return text.isascii()


def _is_pem(text: str) -> bool:
    try:
        return bool(x509.load_pem_x509_certificates(text.encode()))
    except ValueError:
        return False


def _is_base64url(text: str) -> bool:
    try:
        return bool(unbase64url(text))
    except ValueError:
        return False
