"""What a ban rests on, in words: the page, REST and `ringfence ban explain` say the same."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

type Clock = Callable[[float], str]
"""A point in time (Unix seconds) as the reader writes it."""

type Say = Callable[[str], str]
"""A reason in the reader's language. What joins words and numbers is the same in all of them."""

TIMES: Final = (1e9, 1e11)
"""A broken number between these that we do not know is a point in time; others are counts or durations."""

SAID_BEFORE: Final = frozenset({"rule", "source", "translated"})
"""What the ban itself says already, or nobody asks for."""

COUNTED: Final = frozenset({"count", "limit", "window", "first_at", "last_at", "reasons"})
TRIED: Final = frozenset({"accounts", "distinct_accounts"})
MESSAGES: Final = ("first_message", "last_message")
NAMES: Final = {
    "user_agents": "user agents",
    "methods": "methods",
    "transports": "transports",
    "healthy": "registered from there at that time",
    "blocked_agents": "messages of blocked user agents, dropped besides",
    "first_message": "first message",
    "last_message": "last message",
}


def told(evidence: Mapping[str, Any], clock: Clock, say: Say = str) -> list[tuple[str, str]]:
    """Name and words of each piece, in the order of their weight; what is empty is left out.

    A message keeps its lines; whoever prints it must not let a terminal obey it.
    """
    pieces = [*_counted(evidence, clock, say), ("accounts tried", _accounts(evidence))]
    for name, value in evidence.items():
        if name not in SAID_BEFORE | COUNTED | TRIED and name not in MESSAGES:
            pieces.append((NAMES.get(name, name.replace("_", " ")), _words(value, clock)))
    pieces += [(NAMES[name], str(evidence.get(name, ""))) for name in MESSAGES]
    return [(name, words) for name, words in pieces if words]


def _counted(evidence: Mapping[str, Any], clock: Clock, say: Say) -> list[tuple[str, str]]:
    times = [evidence[name] for name in ("first_at", "last_at") if isinstance(evidence.get(name), (int, float))]
    seconds = f" in {times[1] - times[0]:.1f} s" if len(times) > 1 else ""
    window = f" in {evidence['window']} s" if evidence.get("window") else ""
    return [
        ("counted", f"{evidence.get('count', '')}{seconds}{_why(evidence, say)}"),
        ("limit", f"{evidence.get('limit', '')}{window}"),
        ("first and last", ", ".join(map(clock, times))),
    ]


def _why(evidence: Mapping[str, Any], say: Say) -> str:
    reasons = evidence.get("reasons")
    if not isinstance(reasons, Mapping) or not reasons:
        return ""
    return " (" + ", ".join(f"{count} × {say(str(what).replace('_', ' '))}" for what, count in reasons.items()) + ")"


def _accounts(evidence: Mapping[str, Any]) -> str:
    accounts, distinct = evidence.get("accounts") or [], evidence.get("distinct_accounts")
    shown = ", ".join(map(str, accounts))
    more = distinct - len(accounts) if isinstance(distinct, int) else 0
    return f"{shown} + {more}" if shown and more > 0 else shown


def _words(value: Any, clock: Clock) -> str:
    if value in ("", [], {}, None, 0, False):
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return ", ".join(f"{count} × {str(what).replace('_', ' ')}" for what, count in value.items())
    if isinstance(value, Sequence):
        return ", ".join(_words(item, clock) for item in value)
    return clock(value) if isinstance(value, float) and TIMES[0] < value < TIMES[1] else str(value)
