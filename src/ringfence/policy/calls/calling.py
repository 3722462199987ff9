"""How one extension calls and is called, as its own settings say (reference: "Extension Security")."""

import json
from dataclasses import asdict, dataclass
from typing import Final

from ringfence.policy.calls.recording import Direction
from ringfence.policy.plain import from_plain
from ringfence.policy.relay.encryption import Encryption


@dataclass(frozen=True, slots=True)
class Calling:
    """Settings of one extension. `caller_number` is what it shows outside; without it the trunk's own is shown.

    A forward is a number as the extension itself would dial it, "" for none: always, while it is busy, after
    `ring_seconds` without an answer, or while no device is registered. Without `call_waiting` a second call is busy.
    `max_calls` is how many calls it may be part of at once: 0 is none; None is no limit but `limits.MOST_MADE`.
    With `voicemail`, a call that no forward takes on these three occasions may leave a message.
    `encryption` is that of its media; None: as its tenant has it.
    `recording` is which of its calls are recorded; None leaves it to the tenant, nothing at all is none.
    """

    caller_number: str = ""
    forward_always: str = ""
    forward_busy: str = ""
    forward_no_answer: str = ""
    forward_offline: str = ""
    ring_seconds: int = 25
    do_not_disturb: bool = False
    call_waiting: bool = True
    max_calls: int | None = None
    voicemail: bool = False
    encryption: Encryption | None = None
    recording: tuple[Direction, ...] | None = None


USUAL: Final = Calling()


def encode_calling(calling: Calling) -> str:
    """What differs from the usual settings, as JSON; "" when nothing does: most records stay short.

    >>> encode_calling(Calling()), encode_calling(Calling("+49301"))
    ('', '{"caller_number":"+49301"}')
    """
    usual = asdict(USUAL)
    differing = {name: value for name, value in asdict(calling).items() if value != usual[name]}
    return json.dumps(differing, separators=(",", ":")) if differing else ""


def decode_calling(text: str) -> Calling:
    """Raises ValueError, KeyError or TypeError on anything that is no such record."""
    found: Calling = from_plain(Calling, json.loads(text)) if text else USUAL
    return found
