"""Guessing from many addresses at once: each stranger's address gets fewer tries, the owner is never locked out.

The block of an address (reference: "Login Security Controls") is `security/weblogin.py`. An account that fails from
many addresses gets one try from each address its owner never signed in from; the owner's own addresses keep theirs, and
a passkey is not guessed at all, so it always works.
"""

from datetime import timedelta
from typing import Final

from axes.models import AccessAttempt
from django.contrib.auth.signals import user_login_failed
from django.http import HttpRequest
from django.utils import timezone

from ringfence.portal.signin.models import PortalSession

MANY_ADDRESSES: Final = 20
OWNERS_ADDRESS_FOR: Final = timedelta(days=30)


def under_attack(username: str, within: timedelta) -> bool:
    """Whether this account failed from many addresses lately."""
    since = timezone.now() - within
    found = AccessAttempt.objects.filter(username=username, attempt_time__gte=since)
    return int(found.values("ip_address").distinct().count()) >= MANY_ADDRESSES


def is_careful(username: str, address: str, within: timedelta) -> bool:
    """Whether this address gets one try only."""
    return under_attack(username, within) and not is_owners_address(username, address)


def is_owners_address(username: str, address: str) -> bool:
    since = timezone.now() - OWNERS_ADDRESS_FOR
    return PortalSession.objects.filter(person__username=username, address=address, last_seen_at__gte=since).exists()


def count_failure(request: HttpRequest, username: str) -> None:
    """A wrong second factor counts for the address like a wrong password."""
    user_login_failed.send(sender=__name__, credentials={"username": username}, request=request)


def forget_failures(username: str, address: str) -> None:
    """After a sign-in only this account's failures are forgotten: an insider's own success must not buy new guesses."""
    AccessAttempt.objects.filter(username=username, ip_address=address).delete()
