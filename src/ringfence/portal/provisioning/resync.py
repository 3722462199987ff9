"""Tells a registered phone to fetch its configuration again: through the voice process, which sends the NOTIFY."""

from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Final

from django.db import transaction
from django.utils import timezone

from ringfence.portal.people.models import Extension
from ringfence.portal.provisioning.models import Opening, Phone
from ringfence.portal.provisioning.vendors import PROFILES, Vendor
from ringfence.portal.voicemail.waiting import tell_voice

WINDOW: Final = timedelta(minutes=15)
"""How long a directory is open after the system itself has asked the phone to come."""


def reopen(phones: Iterable[Phone], window: timedelta = WINDOW) -> None:
    """Opens the directories that open for a while. Call it in the transaction of the change."""
    keys = [phone.pk for phone in phones if phone.opening == Opening.ONCE]
    Phone.objects.filter(pk__in=keys).update(open_until=timezone.now() + window, bound_to="", refused_at=None)


def resync(extension: Extension, only: Iterable[Phone] | None = None) -> None:
    """Opens the directories of the phones that can be called, and calls them once the transaction is over."""
    held = extension.phones.all() if only is None else only
    phones = [phone for phone in held if PROFILES[Vendor(phone.vendor)].event]
    reopen(phones)
    events = {PROFILES[Vendor(phone.vendor)].event for phone in phones}
    transaction.on_commit(partial(_call, extension.aor, sorted(events)))


def _call(aor: str, events: list[str]) -> None:
    for event in events:
        tell_voice({"about": "phone", "aor": aor, "event": event})
