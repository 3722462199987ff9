"""Follows the host names of trunks to their addresses. A name server that hangs holds up nothing else.

Workers only ever get addresses; what was found last stays in force while no name server answers.
"""

import logging
import threading
import time
from typing import Final

from django.db import Error, close_old_connections

from ringfence.portal.actor import shell_actor
from ringfence.portal.change import change
from ringfence.portal.problems import Refused
from ringfence.portal.trunks import changes
from ringfence.portal.trunks.models import Trunk

EVERY: Final = 60.0
log = logging.getLogger(__name__)


def follow_in_background() -> None:
    threading.Thread(target=_follow, name="names of trunks", daemon=True).start()


def _follow() -> None:
    while True:
        try:
            refresh()
        except (Error, Refused, OSError) as error:
            log.error("the host names of trunks cannot be followed: %s", error)
        close_old_connections()
        time.sleep(EVERY)


def refresh() -> int:
    """Looks up every name of every enabled trunk and returns how many trunks moved."""
    moved = 0
    for row in Trunk.objects.filter(enabled=True):
        before = row.resolved
        if changes.look_up(row):
            moved += 1
            with change(shell_actor()) as draft:
                row.save(update_fields=["resolved"])
                changes.protect(draft, row)
                draft.record("trunk.moved", row.pk, row.name, {"resolved": before}, {"resolved": row.resolved})
    return moved
