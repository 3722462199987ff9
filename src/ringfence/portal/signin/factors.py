"""Second factors: TOTP, recovery codes and passkeys. The only file that knows allauth's inside.

A wrong code counts like a wrong password for the address. Beyond that a person's codes rest for a quarter of an hour
after ten wrong ones: whoever gets there knows the password already, so no stranger can lock anybody out.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import segno
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from ringfence.portal.people.models import Person
from ringfence.portal.problems import LockedOut, Refused, refuse
from ringfence.portal.signin import recovery_codes
from ringfence.portal.signin.models import SpentCode, WrongCode

TYPES: Final = Authenticator.Type
PRIMARY: Final = (TYPES.TOTP, TYPES.WEBAUTHN)
CODE_LIFE: Final = timedelta(minutes=5)
MALFORMED: Final = (ValidationError, KeyError, TypeError, ValueError, AttributeError, OverflowError)
"""What a credential made by hand can raise inside the libraries."""

WRONG_CODES: Final = 10
WRONG_WITHIN: Final = timedelta(minutes=15)


class CodesRest(LockedOut):
    error_id = "auth.codes_rest"
    title = "Too many wrong codes"


@dataclass(frozen=True, slots=True)
class Factor:
    """One second factor as its owner sees it."""

    id: int
    kind: str
    name: str
    created_at: datetime
    last_used_at: datetime | None


def factors_of(person: Person) -> list[Factor]:
    rows = Authenticator.objects.filter(user=person, type__in=PRIMARY).order_by("created_at")
    return [Factor(row.pk, row.type, _name(row), row.created_at, row.last_used_at) for row in rows]


def _name(row: Any) -> str:
    return str(row.wrap().name) if row.type == TYPES.WEBAUTHN else "Authenticator app"


def has_second_factor(person: Person) -> bool:
    return bool(Authenticator.objects.filter(user=person, type__in=PRIMARY).exists())


def has(person: Person, kind: str) -> bool:
    return bool(Authenticator.objects.filter(user=person, type=kind).exists())


def codes_left(person: Person) -> int | None:
    """How many recovery codes are unused; None without any."""
    row = Authenticator.objects.filter(user=person, type=TYPES.RECOVERY_CODES).first()
    if row is None:
        return None
    return recovery_codes.left(row.data) if recovery_codes.is_kept(row.data) else len(row.wrap().get_unused_codes())


def code_fits(person: Person, code: str) -> bool:
    """Whether this TOTP or recovery code is right and unused; it is spent by asking. Raises CodesRest."""
    if WrongCode.since(person, timezone.now() - WRONG_WITHIN) >= WRONG_CODES:
        raise CodesRest(detail="Too many wrong codes for this account. Wait a quarter of an hour, or use a passkey.")
    typed = "".join(code.split()).replace("-", "")
    for row in Authenticator.objects.filter(user=person, type__in=(TYPES.TOTP, TYPES.RECOVERY_CODES)):
        if _fits(person, row, typed):
            row.record_usage()
            return True
    WrongCode.objects.filter(person=person, tried_at__lt=timezone.now() - WRONG_WITHIN).delete()
    WrongCode.objects.create(person=person, tried_at=timezone.now())
    return False


def _fits(person: Person, row: Any, typed: str) -> bool:
    if not typed.isascii() or not typed.isdigit():
        return False
    if row.type == TYPES.RECOVERY_CODES:
        return _spend_recovery(row.pk, typed)
    secret = get_adapter().decrypt(row.data["secret"])
    return bool(totp.validate_totp_code(secret, typed)) and _spend(person, typed)


def _spend_recovery(row_id: int, typed: str) -> bool:
    """Takes the code off the list; two tries at the same moment wait for each other."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().get(pk=row_id)
        if not recovery_codes.is_kept(row.data):
            return bool(row.wrap().validate_code(typed))
        rest = recovery_codes.without(row.data, typed)
        if rest is None:
            return False
        row.data = rest
        row.save(update_fields=["data"])
    return True


def _spend(person: Person, code: str) -> bool:
    """False if it was spent before, in whatever process and however close together."""
    now = timezone.now()
    SpentCode.objects.filter(person=person, spent_at__lt=now - CODE_LIFE).delete()
    try:
        with transaction.atomic():
            SpentCode.objects.create(
                person=person, digest=hashlib.sha256(f"{person.pk}:{code}".encode()).hexdigest(), spent_at=now
            )
    except IntegrityError:
        return False
    return True


def new_totp(request: HttpRequest, person: Person) -> dict[str, str]:
    """What an authenticator app scans; the same until it is confirmed or the session ends."""
    secret = str(totp.get_totp_secret(regenerate=False))
    address = get_adapter().build_totp_url(person, secret)
    return {"secret": secret, "picture": segno.make(address, error="m").svg_data_uri(scale=5, light="white")}


def activate_totp(request: HttpRequest, person: Person, code: str) -> list[str]:
    """Adds the app if the code proves that it works, and returns new recovery codes, if there were none."""
    secret = str(totp.get_totp_secret(regenerate=False))
    typed = "".join(code.split())
    if not totp.validate_totp_code(secret, typed) or not _spend(person, typed):
        raise refuse("code", "second_factor.wrong_code", "This code does not fit; type the one the app shows now.")
    if has(person, TYPES.TOTP):
        raise refuse("code", "second_factor.exists", "There is an authenticator app already; remove it first.")
    totp.TOTP.activate(person, secret)
    totp.clear_totp_secret(request)
    return first_recovery_codes(person)


def first_recovery_codes(person: Person) -> list[str]:
    return [] if has(person, TYPES.RECOVERY_CODES) else new_recovery_codes(person)


def new_recovery_codes(person: Person) -> list[str]:
    """Ten codes for the day the device is lost; older ones stop working."""
    Authenticator.objects.filter(user=person, type=TYPES.RECOVERY_CODES).delete()
    codes, kept = recovery_codes.made()
    Authenticator.objects.create(user=person, type=TYPES.RECOVERY_CODES, data=kept)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def remove_factor(person: Person, factor_id: int) -> str:
    """Removes one factor and, with the last, the recovery codes. Returns its name."""
    row = Authenticator.objects.filter(user=person, type__in=PRIMARY, pk=factor_id).first()
    if row is None:
        raise refuse("id", "second_factor.not_found", "This second factor is gone already.")
    name = _name(row)
    row.delete()
    if not has_second_factor(person):
        Authenticator.objects.filter(user=person).delete()
    return name


def remove_all_factors(person: Person) -> int:
    count, _ = Authenticator.objects.filter(user=person).delete()
    return int(count)


def passkey_creation(person: Person) -> dict[str, Any]:
    """Options for `navigator.credentials.create`; the challenge is kept in the session and works once."""
    return dict(webauthn.begin_registration(person, passwordless=True))


def passkey_request(person: Person | None) -> dict[str, Any]:
    """Options for `navigator.credentials.get`; without a person any passkey of this site may answer."""
    return dict(webauthn.begin_authentication(person))


def add_passkey(person: Person, credential: dict[str, Any], name: str) -> list[str]:
    """Adds the passkey and returns new recovery codes, if there were none. Raises Refused."""
    try:
        webauthn.parse_registration_response(credential)
        webauthn.complete_registration(credential)
    except MALFORMED as error:
        raise _passkey_refused() from error
    webauthn.WebAuthn.add(person, name.strip()[:64] or "Passkey", credential)
    return first_recovery_codes(person)


def passkey_owner(credential: dict[str, Any]) -> Person:
    """Whose passkey answered the challenge, proved. Raises Refused."""
    try:
        person: Person = webauthn.extract_user_from_response(credential)
    except MALFORMED as error:
        raise _passkey_refused() from error
    prove_passkey(person, credential)
    return person


def prove_passkey(person: Person, credential: dict[str, Any]) -> None:
    """Raises Refused unless one of this person's passkeys signed our challenge."""
    try:
        webauthn.parse_authentication_response(credential)
        row = webauthn.complete_authentication(person, credential)
    except MALFORMED as error:
        raise _passkey_refused() from error
    row.record_usage()


def _passkey_refused() -> Refused:
    return refuse("credential", "passkey.refused", "The passkey was not accepted.")
