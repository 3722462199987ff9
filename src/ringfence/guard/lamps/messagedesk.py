"""What the guard's socket is told about mailboxes, for the phones that asked to hear of theirs (RFC 3842)."""

from typing import Any, Final

from ringfence.guard.control import Args, Verb, number, text
from ringfence.guard.lamps.watches import Watches

MOST: Final = 1_000_000


class MessageDesk:
    """Takes what the portal counts: mailboxes are in its database."""

    def __init__(self, watches: Watches) -> None:
        self._watches = watches

    def verbs(self) -> dict[str, Verb]:
        return {"messages.counted": self.counted}

    async def counted(self, args: Args) -> dict[str, Any]:
        new, old = (int(number(args, name, 0, MOST)) for name in ("new", "old"))
        self._watches.counted(text(args, "aor"), (new, old))
        return {}
