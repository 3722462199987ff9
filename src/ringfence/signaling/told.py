"""What is told of a call: to the journal, to the call record, and to the core that is started after a crash."""

import time
from typing import Any, Final

from ringfence.policy.handover import VARIABLES
from ringfence.policy.limits import HELD
from ringfence.signaling import ksr, ladder, media, named, sides
from ringfence.signaling.lines import CAME_BY

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
    """
    place = [ksr.number("$dlg(h_entry)"), ksr.number("$dlg(h_id)")]
    carried = bool(ksr.dialog_var("codec"))
    return {
        **call_fields(),
        "answered_at": time.time(),
        "dialog": place,
        "media": carried,
        "tags": tags(),
        "media_addresses": named.told(),
        "broken": media.ends_now(),
    }


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


def ended_by() -> str:
    """Who hung up: the party whose BYE this is, or the system when there is none."""
    if ksr.text("$rm") != "BYE":
        return "system"
    return "caller" if ksr.text("$ft") == ksr.text("$dlg(from_tag)") else "callee"
