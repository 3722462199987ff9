"""What kind of number was dialled, so that a role can be asked whether it may."""

from enum import StrEnum
from typing import Final

INTERNATIONAL_PREFIXES: Final = ("+", "00", "011")
"""E.164 with a plus (RFC 3966), the prefix of most countries, and that of North America."""

_SEPARATORS: Final = str.maketrans("", "", "-.() ")
_DIALLABLE: Final = frozenset("0123456789*#")


class Reach(StrEnum):
    """How far a call goes (reference: "Extension Security"). What is not inside is at least national."""

    INTERNAL = "internal"
    NATIONAL = "national"
    INTERNATIONAL = "international"


def dialled_number(user: str) -> str:
    """The number without parameters and visual separators (RFC 3966 section 3); "" when it is none.

    >>> dialled_number("+49-30-(0)12;phone-context=x"), dialled_number("ann")
    ('+4930012', '')
    """
    number = user.partition(";")[0].translate(_SEPARATORS)
    return number if number.removeprefix("+") and _DIALLABLE.issuperset(number.removeprefix("+")) else ""


def reach_of(number: str) -> Reach:
    """How far a number reaches that is no extension. Short codes and premium numbers are no exception: default deny.

    >>> reach_of("+442071838750"), reach_of("0044207"), reach_of("110")
    (<Reach.INTERNATIONAL: 'international'>, <Reach.INTERNATIONAL: 'international'>, <Reach.NATIONAL: 'national'>)
    """
    return Reach.INTERNATIONAL if number.startswith(INTERNATIONAL_PREFIXES) else Reach.NATIONAL
