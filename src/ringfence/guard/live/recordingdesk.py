"""What the portal tells the guard of recordings: alarms, which only the guard raises and clears."""

import re
import time
from typing import Any, Final

from ringfence.guard.control import Args, Refusal, Verb, text
from ringfence.guard.service import Service

ALARM: Final = "recordings.alarm"
LONGEST_MESSAGE: Final = 500
_OWN: Final = re.compile(r"recordings\.[a-z0-9.]{1,40}")


class RecordingDesk:
    """Answers for one guard."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def verbs(self) -> dict[str, Verb]:
        return {ALARM: self.alarm}

    async def alarm(self, args: Args) -> dict[str, Any]:
        """Raises the alarm with a message, clears it without one. Both may be said again and again."""
        name, message = text(args, "alarm"), text(args, "message", "")[:LONGEST_MESSAGE]
        if not _OWN.fullmatch(name):
            raise Refusal("recordings.alarm", "alarm", f"{name!r} is no alarm of recordings.")
        alarms = self._service.parts.alarms
        if message:
            alarms.set_off(name, message, time.time())
        else:
            alarms.clear(name, time.time())
        self._service.commit()
        return {"alarm": name}
