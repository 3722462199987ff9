"""Tells phones how many messages wait (RFC 3842): through the voice process, which sends a NOTIFY to every device, and
through the guard, which tells those that asked for it.
"""

import json
import logging
import socket
from typing import Any

from django.db.models import Count, Q

from ringfence.portal import guard, places
from ringfence.portal.people.models import Extension

log = logging.getLogger(__name__)


def counts_of(extension: Extension) -> tuple[int, int]:
    """New messages and heard ones."""
    found = extension.messages.aggregate(
        new=Count("pk", filter=Q(heard_at__isnull=True)), old=Count("pk", filter=Q(heard_at__isnull=False))
    )
    return found["new"], found["old"]


def tell_waiting(extension: Extension) -> None:
    """A phone that is off or a process that is away learns it with the next change or within minutes."""
    new, old = _tell_guard(extension)
    tell_voice({"about": "waiting", "aor": extension.aor, "new": new, "old": old})


def tell_voice(news: dict[str, Any]) -> bool:
    """Whether the voice process took it."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as link:
            link.sendto(json.dumps(news).encode(), str(places.PATHS.voice_socket))
    except OSError as error:
        log.warning("the voice process was not told: %s", error)
        return False
    return True


def answer_watch(event: dict[str, Any]) -> None:
    """Somebody asked to be told of a mailbox: the guard learns what is in it."""
    number, _, domain = str(event.get("watched", "")).partition("@")
    extension = Extension.objects.select_related("tenant").filter(tenant__domain=domain, number=number).first()
    if extension is not None:
        _tell_guard(extension)


def remind() -> int:
    """Tells every phone whose mailbox holds something new again: it may have been off. How many mailboxes."""
    waiting = Extension.objects.filter(messages__heard_at__isnull=True, messages__isnull=False)
    found = list(waiting.select_related("tenant").distinct())
    for extension in found:
        tell_waiting(extension)
    return len(found)


def _tell_guard(extension: Extension) -> tuple[int, int]:
    new, old = counts_of(extension)
    guard.tell("messages.counted", aor=extension.aor, new=new, old=old)
    return new, old
