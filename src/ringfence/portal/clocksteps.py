"""The clock on the wall was set back: what is dated ahead of it happened just now, and lasts from now on for as long as
it was meant to (attack case 122).

A wrong time server, or a host that restores another machine's clock, puts this one ahead. Set right, it left failed
sign-ins that counted for a year, tokens that lived for one, and notices, backups and renewals that waited for it.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

from axes.models import AccessAttempt
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from ringfence.hosts.clock import clock_synchronised
from ringfence.portal.acme.models import AcmeSettings
from ringfence.portal.acme.work import LONGEST_RETRY
from ringfence.portal.backups.models import Backup
from ringfence.portal.doctor.models import Examination
from ringfence.portal.notices.deliver import LONGEST_PAUSE
from ringfence.portal.notices.models import Destination, Notice, Progress
from ringfence.portal.people.models import ApiToken
from ringfence.portal.provisioning.changes import FIRST_WINDOW
from ringfence.portal.provisioning.models import Phone
from ringfence.portal.rest.models import KeptAnswer
from ringfence.portal.signin.models import PortalSession, SpentCode, WrongCode
from ringfence.portal.webphone import credentials

STEP: Final = timedelta(seconds=10)
"""Less is what a clock drifts, added up until it is as much."""

MOST_BACK: Final = timedelta(days=1)
"""A clock that is set back further is only believed when it follows a time server: a board without a battery begins in
1970, and what it dated before the restart was right.
"""

PAST: Final[tuple[tuple[QuerySet[Any], str], ...]] = (
    (AccessAttempt.objects.all(), "attempt_time"),
    (WrongCode.objects.all(), "tried_at"),
    (SpentCode.objects.all(), "spent_at"),
    (ApiToken.objects.all(), "last_used_at"),
    (PortalSession.objects.all(), "created_at"),
    (PortalSession.objects.all(), "last_seen_at"),
    (KeptAnswer.objects.all(), "created_at"),
    (Destination.objects.all(), "delivered_at"),
    (Notice.objects.all(), "made_at"),
    (Backup.objects.all(), "asked_at"),
    (Examination.objects.all(), "at"),
)
"""What something is counted from."""


def since_boot() -> timedelta:
    """What no clock step changes."""
    return timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))


class ClockSteps:
    """Asked every few seconds. At its beginning nobody knows what happened to the clock before."""

    def __init__(
        self,
        wall: Callable[[], datetime] = timezone.now,
        since_boot: Callable[[], timedelta] = since_boot,
        is_right: Callable[[], bool | None] = clock_synchronised,
    ) -> None:
        self._wall, self._since_boot, self._is_right = wall, since_boot, is_right
        self._booted_at: datetime | None = None
        self._may_be_ahead = True

    def look(self) -> int:
        """1 when something may have been dated anew."""
        now = self._wall()
        booted_at = now - self._since_boot()
        step = booted_at - (self._booted_at or booted_at)
        was_set_back = step <= -STEP
        self._may_be_ahead |= was_set_back
        dated = self._may_be_ahead and (self._is_right() or (was_set_back and step > -MOST_BACK))
        if dated:
            date_anew(now, step if was_set_back else None)
            self._may_be_ahead = False
        if self._booted_at is None or abs(step) >= STEP:
            self._booted_at = booted_at
        return int(dated)


def date_anew(now: datetime, step: timedelta | None) -> None:
    """`step` is negative, None where it is not known."""
    with transaction.atomic():
        for rows, name in PAST:
            rows.filter(**{f"{name}__gt": now + STEP}).update(**{name: now})
        _tokens(now)
        _open_directories(now, step)
        _attempts(now)
    credentials.date_anew(now, now + STEP)


def _tokens(now: datetime) -> None:
    for token in ApiToken.objects.filter(created_at__gt=now + STEP):
        lifetime = token.expires_at - token.created_at
        ApiToken.objects.filter(pk=token.pk).update(created_at=now, expires_at=now + lifetime)


def _open_directories(now: datetime, step: timedelta | None) -> None:
    """Those that are open by the clock of before stay open for as long."""
    if step is not None:
        Phone.objects.filter(open_until__gt=now - step).update(open_until=F("open_until") + step)
    Phone.objects.filter(open_until__gt=now + FIRST_WINDOW + STEP).update(open_until=now + FIRST_WINDOW)


def _attempts(now: datetime) -> None:
    """What is tried again later is tried again now."""
    longest = now + timedelta(seconds=LONGEST_PAUSE)
    Destination.objects.filter(retry_at__gt=longest).update(retry_at=None)
    Destination.objects.filter(storm_told__gt=now.timestamp()).update(storm_told=0.0)
    Progress.objects.exclude(ban_times=[]).update(ban_times=[])
    AcmeSettings.objects.filter(failures__gt=0, renew_at__gt=now + LONGEST_RETRY).update(renew_at=now)
