"""The steps of a process that works without end: a trouble in one holds up no other, and is said once."""

import logging
from collections.abc import Callable

from django.db import DatabaseError

from ringfence.portal.problems import Refused

log = logging.getLogger(__name__)


class Steps:
    """Takes steps. A trouble is logged when it begins and when it ends, not twice a second."""

    def __init__(self) -> None:
        self._troubles: dict[str, str] = {}

    def take(self, what: str, work: Callable[[], int]) -> int | None:
        """What the step returns; None while it is in trouble."""
        try:
            done = work()
        except (Refused, DatabaseError) as error:
            if self._troubles.get(what) != str(error):
                log.warning("%s wait: %s", what, error)
            self._troubles[what] = str(error)
            return None
        if self._troubles.pop(what, None):
            log.warning("%s flow again", what)
        return done
