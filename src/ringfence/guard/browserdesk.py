"""Ends what a browser registered when its credential is taken back (docs/adr/0028)."""

import asyncio
from typing import Any, Final

from ringfence.guard.clock import moment
from ringfence.guard.control import Args, Refusal, Verb, text
from ringfence.guard.core import Core
from ringfence.guard.service import Service

END: Final = "registrations.end-browser"
MOST_NAMES: Final = 100
LOCATION: Final = "location"
"""Kamailio's table of registrations."""


class BrowserDesk:
    """Answers for one guard."""

    def __init__(self, service: Service, core: Core) -> None:
        self._service, self._core = service, core

    def verbs(self) -> dict[str, Verb]:
        return {END: self.end}

    async def end(self, args: Args) -> dict[str, Any]:
        """Removes what these credentials registered. A device that is gone already is no error."""
        aor, names = text(args, "aor"), args.get("names")
        if not isinstance(names, list) or len(names) > MOST_NAMES or not all(isinstance(one, str) for one in names):
            raise Refusal("registrations.names", "names", f"A list of at most {MOST_NAMES} names of credentials.")
        standing = self._service.parts.standing
        contacts = standing.browsers.take(aor, frozenset(names))
        for contact in contacts:
            await asyncio.to_thread(self._core.ask, "ul.rm_contact", LOCATION, aor, contact)
            standing.registrations.removed({"aor": aor, "contact": contact})
        self._service.parts.intake.note_news(moment())
        self._service.commit()
        return {"aor": aor, "ended": len(contacts)}
