"""What is told of a call: to the journal, to the call record, and to the core that is started after a crash."""

import time
from collections.abc import Mapping
from typing import Any, Final

from ringfence.policy.calls.handover import VARIABLES
from ringfence.policy.calls.limits import HELD
from ringfence.signaling.calling import ladder, sides
from ringfence.signaling.calling.lines import CAME_BY
from ringfence.signaling.ports import ksr
from ringfence.signaling.relay import media, named

DIALOG_VARIABLES: Final = (
    "id",
    "caller",
    "callee",
    "from",
    "to",
    "dialled",
    "tenant",
    "user",
    "payer",
    "held",
    "hears",
    "started",
    "answered",
    "codec",
    "caller_rtp",
    "called_rtp",
    HELD,
    ladder.LADDER,
    "direction",
    "number",
    "outbound_rule",
    "trunk",
    sides.TRIED,
    "way",
    "caller_leg",
    "callee_leg",
    media.CARRIED,
    media.BROKEN,
    "shown",
    "called",
    CAME_BY,
    *VARIABLES,
)

CALLED_TAG: Final = "called_tag"
OWN_REASONS: Final = {408: "Request Timeout", 503: "Service Unavailable"}
"""What the engine answers itself, where no phone said a word."""


AGREED: Final = ("codec", "caller_rtp", "called_rtp")
"""What the call record says of the audio."""

DIALOG_COLUMNS: Final = (
    "h_entry",
    "h_id",
    "callid",
    "from_uri",
    "from_tag",
    "to_uri",
    "to_tag",
    "state",
    "start_ts",
    "lifetime",
    "from_cseq",
    "to_cseq",
    "from_rs",
    "to_rs",
    "from_contact",
    "to_contact",
    "from_bindaddr",
    "to_bindaddr",
    "sflags",
    "dflags",
)


def confirmed() -> dict[str, Any]:
    """All that is needed to know this call again after a crash of the core."""
    return {
        "call_id": ksr.dialog_var("id"),
        "dialog": {column: ksr.text(f"$dlg({column})") for column in DIALOG_COLUMNS},
        "vars": {name: ksr.dialog_var(name) for name in DIALOG_VARIABLES},
    }


def call_fields() -> dict[str, Any]:
    """Which call this is, and whose."""
    return {
        "call_id": ksr.dialog_var("id"),
        "caller": ksr.dialog_var("from"),
        "callee": ksr.dialog_var("to"),
        "tenant_id": int(ksr.dialog_var("tenant") or 0),
    }


def answered() -> dict[str, Any]:
    """`dialog` is where the core keeps the call, `media` whether the relay carries it.

    `tags` are what the relay calls caller and called side. A `broken` call got an answer that was refused: it is ended.
    Of several trunks that were tried, `trunk` is the one that took the call.
    """
    place = [ksr.number("$dlg(h_entry)"), ksr.number("$dlg(h_id)")]
    carried = bool(ksr.dialog_var("codec"))
    return {
        **call_fields(),
        "trunk": int(ksr.dialog_var("trunk") or 0),
        "answered_at": time.time(),
        "dialog": place,
        "media": carried,
        "tags": tags(),
        "media_addresses": named.told(),
        "broken": media.ends_now(),
    }


def note(values: Mapping[str, str]) -> None:
    """Keeps in the dialog what is known of its call."""
    for name, value in values.items():
        if value:
            ksr.set_dialog_var(name, value)


def tags() -> list[str]:
    """Of caller and called side, as the media relay knows them. The dialog has the second one only after the answer."""
    return [ksr.text("$dlg(from_tag)"), ksr.dialog_var(CALLED_TAG)]


def ended(code: int, reason: str, ended_by: str) -> dict[str, Any]:
    answered = ksr.dialog_var("answered")
    return {
        **call_fields(),
        "dialled": ksr.dialog_var("dialled"),
        "user_id": int(ksr.dialog_var("user") or 0),
        "started_at": float(ksr.dialog_var("started") or 0),
        "answered_at": float(answered) if answered else None,
        "ended_at": time.time(),
        "code": code,
        "reason": reason[:64],
        "rule": ksr.dialog_var("refused"),
        "payer": ksr.dialog_var("payer"),
        **sides.outside_fields(),
        "ended_by": ended_by,
        **{name: ksr.dialog_var(name) for name in (*AGREED, ladder.LADDER)},
    }


def note_end(code: int, reason: str, by: str, rule: str = "") -> None:
    """How a call ends that nobody answered, for `never_answered`: the engine forgets answers of its own."""
    for name, value in (("code", str(code)), ("why", reason), ("ender", by)):
        ksr.set_dialog_var(name, value)
    note({"refused": rule})


def note_failure(code: int) -> None:
    """The same from the failure route. Only there it can be read: the engine answers a 503, and what it timed, by
    replies of its own, and of those `dialog:failed` sees nothing.
    """
    reason = ksr.text("$T_rpl($rr)") or OWN_REASONS.get(code, "")
    note_end(code, reason, "callee" if ksr.number("$T_rpl($rs)") else "system")


def never_answered() -> dict[str, Any]:
    """The end of a call that nobody took."""
    code = int(ksr.dialog_var("code") or 0) or ksr.number("$T_reply_code") or ksr.number("$rs") or 408
    by = ksr.dialog_var("ender") or ("caller" if code == 487 else "callee")
    return ended(code, ksr.dialog_var("why") or ksr.text("$rr"), by)


def ended_by() -> str:
    """Who hung up: the party whose BYE this is, or the system when there is none."""
    if ksr.text("$rm") != "BYE":
        return "system"
    return "caller" if ksr.text("$ft") == ksr.text("$dlg(from_tag)") else "callee"
