"""What a phone dialled, as plain digits: escapes, separators and parameters are gone before anything is judged."""

import re
from dataclasses import dataclass
from typing import Final

LONGEST: Final = 40

_ESCAPE: Final = re.compile("%([0-9A-Fa-f]{2})")
_SEPARATORS: Final = str.maketrans("", "", "-.() ")
_NUMBER: Final = re.compile(r"\+?[0-9*#]+")
_GLOBAL_CONTEXT: Final = re.compile(r"\+[0-9]{1,15}")


@dataclass(frozen=True, slots=True)
class Dialled:
    """`digits` may begin with a plus; "" is no number. `context` are the digits that a local number stands behind."""

    digits: str
    context: str = ""

    @property
    def is_service_code(self) -> bool:
        """A code with * or #, which means something to a switch and is no number."""
        return "*" in self.digits or "#" in self.digits


NOTHING: Final = Dialled("")


def read_dialled(user: str) -> Dialled:
    """The number in a URI's user part (RFC 3261 section 19.1.1, RFC 3966 section 3).

    Only ASCII digits are digits: another script's are no number, escaped or not. An escaped semicolon ends nothing.

    >>> read_dialled("%30030-12(34);user=phone"), read_dialled("101;phone-context=+4930").context, read_dialled("ann")
    (Dialled(digits='00301234', context=''), '4930', Dialled(digits='', context=''))
    """
    number, _, parameters = user.partition(";")
    digits = _ESCAPE.sub(_character, number).translate(_SEPARATORS)
    if len(digits) > LONGEST or not _NUMBER.fullmatch(digits):
        return NOTHING
    if not parameters or digits.startswith("+"):
        return Dialled(digits)
    context = _context(parameters)
    return NOTHING if context is None else Dialled(digits, context)


def _context(parameters: str) -> str | None:
    """The digits of a global phone-context; "" for a domain or none, which is the dial plan here; None for nonsense."""
    pairs = (parameter.partition("=") for parameter in parameters.split(";"))
    found = [_ESCAPE.sub(_character, value) for name, _, value in pairs if name.strip().lower() == "phone-context"]
    if len(found) > 1:
        return None
    if not found or not found[0].startswith("+"):
        return ""
    context = found[0].translate(_SEPARATORS)
    return context[1:] if _GLOBAL_CONTEXT.fullmatch(context) else None


def _character(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))
