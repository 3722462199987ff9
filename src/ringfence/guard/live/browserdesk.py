"""Ends what a browser registered when its credential is taken back (docs/adr/0028), and all that an extension has
registered when its owner goes: whoever gets the number next would have his calls ring there."""

import asyncio
from typing import Any, Final

from ringfence.corelink import Core
from ringfence.guard.clock import moment
from ringfence.guard.control import Args, Refusal, Verb, text
from ringfence.guard.live.registrations import EVERY_CONTACT
from ringfence.guard.service import Service

END: Final = "registrations.end-browser"
END_ALL: Final = "registrations.end"
MOST_NAMES: Final = 100
LOCATION: Final = "location"
"""Kamailio's table of registrations."""


class BrowserDesk:
    """Answers for one guard."""

    def __init__(self, service: Service, core: Core) -> None:
        self._service, self._core = service, core

    def verbs(self) -> dict[str, Verb]:
        return {END: self.end, END_ALL: self.end_all}

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
        self._note()
        return {"aor": aor, "ended": len(contacts)}

    async def end_all(self, args: Args) -> dict[str, Any]:
        """Removes all devices of an address of record, or with `domain` those of a whole tenant that is gone, and what
        they watched.
        """
        standing = self._service.parts.standing
        domain = text(args, "domain") if "domain" in args else ""
        aor = "" if domain else text(args, "aor")
        aors = standing.registrations.of_domain(domain) if domain else [aor]
        for one in aors:
            await asyncio.to_thread(self._core.ask, "ul.rm", LOCATION, one)
            standing.browsers.forget(one)
            standing.registrations.removed({"aor": one, "contact": EVERY_CONTACT})
        standing.watches.end(aor=aor, domain=domain)
        self._note()
        return {"ended": len(aors)}

    def _note(self) -> None:
        self._service.parts.intake.note_news(moment())
        self._service.commit()
