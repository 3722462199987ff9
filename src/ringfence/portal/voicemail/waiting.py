"""Tells phones how many messages wait: through the voice process, which sends the NOTIFY (RFC 3842)."""

import json
import logging
import socket
from typing import Any

from django.db.models import Count, Q

from ringfence.portal import places
from ringfence.portal.people.models import Extension

log = logging.getLogger(__name__)


def counts_of(extension: Extension) -> tuple[int, int]:
    """New messages and heard ones."""
    found = extension.messages.aggregate(
        new=Count("pk", filter=Q(heard_at__isnull=True)), old=Count("pk", filter=Q(heard_at__isnull=False))
    )
    return found["new"], found["old"]


def tell_waiting(extension: Extension) -> None:
    """A phone that is off or a voice process that is away learns it with the next change or within minutes."""
    new, old = counts_of(extension)
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


def remind() -> int:
    """Tells every phone whose mailbox holds something new again: it may have been off. How many mailboxes."""
    waiting = Extension.objects.filter(messages__heard_at__isnull=True, messages__isnull=False)
    found = list(waiting.select_related("tenant").distinct())
    for extension in found:
        tell_waiting(extension)
    return len(found)
