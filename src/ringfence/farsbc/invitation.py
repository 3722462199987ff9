"""What root carries from the core's host to the SBC's: a secret that works once, and by what the core is known."""

import json
import re
import secrets
from dataclasses import dataclass
from typing import Any, Final, Self

SECRET_BYTES: Final = 24
LONGEST: Final = 200

_WRITTEN: Final = re.compile(r"rfsbc1\.([A-Za-z0-9_-]{32})\.([0-9a-f]{64})")


class InvitationRefused(ValueError):
    """The text is no invitation."""


@dataclass(frozen=True, slots=True)
class Invitation:
    """`secret` proves the SBC's host to the core, `core` (SHA-256 of the certificate) the core to the SBC's host."""

    secret: str
    core: str

    @classmethod
    def made(cls, core: str) -> Self:
        return cls(secrets.token_urlsafe(SECRET_BYTES), core)

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises InvitationRefused, whose sentence does not repeat the text."""
        found = _WRITTEN.fullmatch(text.strip()) if len(text) <= LONGEST else None
        if found is None:
            raise InvitationRefused("this is no invitation; `ringfence sbc invite` on the core's host prints one")
        return cls(found[1], found[2])

    def __str__(self) -> str:
        return f"rfsbc1.{self.secret}.{self.core}"


def told_in(line: bytes) -> dict[str, Any]:
    """What the other host says at an enrolment: an object of JSON; nothing in it for anything else."""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
