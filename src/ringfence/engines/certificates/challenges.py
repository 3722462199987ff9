"""What the web server answers to an authority that asks whether a name is ours (RFC 8555 section 8.3, http-01)."""

import http.client
import re
from dataclasses import dataclass
from typing import Any, Final

from ringfence.engines.changing.questions import Refusal
from ringfence.hosts import ports

FOLDER: Final = "/.well-known/acme-challenge/"
MOST: Final = 32
OPEN_SECONDS: Final = 600.0
"""Whoever opened the door closes it; if he cannot, it is closed then."""

SHUT_AGAIN_SECONDS: Final = 30.0
"""Until closing is tried again, if the web server did not take it."""

_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_ANSWER: Final = re.compile(r"[A-Za-z0-9_-]{1,128}\.[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Challenge:
    """A token of the authority, and the token with the account key's thumbprint, which is the answer to it."""

    token: str
    answer: str

    @property
    def path(self) -> str:
        return f"{FOLDER}{self.token}"

    @property
    def is_answered(self) -> bool:
        """Whether the web server answers it on port 80 now."""
        link = http.client.HTTPConnection("127.0.0.1", ports.HTTP, timeout=2)
        try:
            link.request("GET", self.path)
            told = link.getresponse()
            return told.status == 200 and told.read(len(self.answer) + 1) == self.answer.encode()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            link.close()


def challenges_of(told: Any) -> tuple[Challenge, ...]:
    """The challenges in a question, `{token: answer}`. Raises Refusal: what is not of that shape reaches no file.

    >>> challenges_of({})
    ()
    """
    if not isinstance(told, dict) or len(told) > MOST:
        raise Refusal("web.challenges", "challenges", f"challenges must be at most {MOST} tokens with their answers.")
    for token, answer in told.items():
        fits = isinstance(answer, str) and _TOKEN.fullmatch(token) and _ANSWER.fullmatch(answer)
        if not fits or not answer.startswith(f"{token}."):
            raise Refusal(
                "web.challenges", "challenges", f"{token[:140]!r} has no answer as RFC 8555 section 8.1 has it."
            )
    return tuple(Challenge(token, answer) for token, answer in sorted(told.items()))
