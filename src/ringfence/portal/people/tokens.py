"""API tokens: random, shown once, kept as a hash, always with an end."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from ringfence.portal.people.models import ApiToken, Person

PREFIX: Final = "rf_"
DEFAULT_LIFETIME: Final = timedelta(hours=12)
LONGEST_LIFETIME: Final = timedelta(days=90)


def issue(person: Person, lifetime: timedelta = DEFAULT_LIFETIME) -> tuple[str, datetime]:
    """A new token and when it ends."""
    token = PREFIX + secrets.token_urlsafe(32)
    expires_at = timezone.now() + lifetime
    ApiToken.objects.filter(person=person, expires_at__lt=timezone.now()).delete()
    ApiToken.objects.create(person=person, digest=digest_of(token), expires_at=expires_at)
    return token, expires_at


def bearer(token: str) -> ApiToken | None:
    """The token if it is valid now and its owner may sign in."""
    found = ApiToken.objects.select_related("person__tenant", "person__role").filter(digest=digest_of(token)).first()
    if found is None or not found.is_valid(timezone.now()) or not found.person.is_active:
        return None
    return found


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
