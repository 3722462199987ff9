"""What the system itself answers: announcements and voicemail, carried out by the voice process."""

from enum import StrEnum
from typing import Final


class Service(StrEnum):
    """What a caller gets when no phone answers. The value travels to the voice process."""

    ANNOUNCEMENT = "announcement"
    LEAVE_MESSAGE = "leave-message"
    MAILBOX = "mailbox"
    ANY_MAILBOX = "any-mailbox"
    PARK = "park"
    FETCH = "fetch"


CODES: Final = {"*97": Service.MAILBOX, "*98": Service.ANY_MAILBOX}
"""What phones dial for voicemail; the message key of most phones is set to *97."""

PARK_CODE: Final = "*70"
"""Where a call is transferred to park it; it waits with music at the extension of whoever parked it."""

UNPARK_CODE: Final = "*71"
"""Before an extension's number: fetch the call that is parked there; alone: at the own."""

LEAVE_CODE: Final = "*99"
"""Before an extension's number: straight to its voicemail, without ringing."""


class Missed(StrEnum):
    """Why a call came to the voicemail."""

    NO_ANSWER = "no-answer"
    BUSY = "busy"
    OFFLINE = "offline"
