"""Takes what a phone may not say from a message before it goes on."""

import re
from typing import Final

from ringfence.signaling.ports import encoding_port, ksr

OF_THE_WAY: Final = ("Route", "Path", "Service-Route")
CREDENTIALS: Final = ("Authorization", "Proxy-Authorization")
"""What a phone proved itself with, or repeats within a call: whoever gets it can guess at the password in his own time.
By name, because Kamailio forgets which of them it checked once the message is changed.
"""
CLAIMED: Final = (
    "P-[A-Za-z-]+|Remote-Party-ID|Diversion|History-Info|Identity|Identity-Info|Privacy|Replaces|Join|Referred-By"
    "|Alert-Info|Call-Info|Answer-Mode|Priv-Answer-Mode|X-(PBX|Ringfence)-.*"
)
"""Headers that claim an identity, make others answer by themselves, or are ours."""

HIDDEN: Final = "TH"
"""By it the topology hiding of the engine knows what it did; all that comes in has it, and the first one counts.
It leaves with no message."""

NOT_CARRIED: Final = OF_THE_WAY + CREDENTIALS
_EXACT: Final = f"^({CLAIMED})$"
_PERHAPS: Final = re.compile(rf"[\r\n][ \t]*(?:{CLAIMED})", re.IGNORECASE)
"""Any line that begins like one of them. Few messages have one; the others are spared the exact look."""


def strip() -> None:
    """Headers a phone may not set: they claim an identity or a path, make others answer by themselves, or are ours. And
    those that are for us alone.
    """
    ksr.remove_named(NOT_CARRIED)
    if (marks := ksr.number(f"$hdrc({HIDDEN})")) > 1 and not ksr.over_link():
        ksr.remove_first(HIDDEN, marks - 1)
    if _PERHAPS.search(encoding_port.whole_message()):
        ksr.remove_headers(_EXACT)
