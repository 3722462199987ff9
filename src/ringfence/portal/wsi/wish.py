"""The first message of a listener: what it wants to hear, from where on, and possibly its token."""

import json
from dataclasses import dataclass
from typing import Any, Final

from ringfence.policy.people.subscriptions import Topic
from ringfence.portal.wsi.cursor import Cursor, parse_cursor

LONGEST: Final = 4_096
EXAMPLE: Final = '{"type": "subscribe", "token": "rf_...", "topics": ["bans", "calls"], "since": "1042-77"}'


class WishRefused(ValueError):
    """Why the first message is no subscription, in a sentence."""


@dataclass(frozen=True, slots=True)
class Wish:
    """`since` is the id of the last event heard; None means from now on."""

    topics: tuple[Topic, ...]
    since: Cursor | None
    token: str


def parse_wish(raw: str | bytes) -> Wish:
    """Raises WishRefused with a sentence that teaches."""
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise WishRefused(f"The first message must be JSON such as {EXAMPLE}.") from error
    if not isinstance(message, dict) or message.get("type") != "subscribe":
        raise WishRefused(f"The first message must subscribe: {EXAMPLE}.")
    unknown = set(message) - {"type", "topics", "since", "token"}
    if unknown:
        raise WishRefused(f"A subscription has type, topics, since and token; not {', '.join(sorted(unknown))[:100]}.")
    return Wish(_topics(message.get("topics")), _since(message.get("since")), _token(message.get("token", "")))


def _topics(value: Any) -> tuple[Topic, ...]:
    known = [str(topic) for topic in Topic]
    if not isinstance(value, list) or not value or not all(item in known for item in value if isinstance(item, str)):
        raise WishRefused(f"topics is a list of at least one of {', '.join(known)}.")
    if not all(isinstance(item, str) for item in value):
        raise WishRefused("topics is a list of texts.")
    return tuple(dict.fromkeys(Topic(item) for item in value))


def _since(value: Any) -> Cursor | None:
    if value is None:
        return None
    cursor = parse_cursor(value) if isinstance(value, str) else None
    if cursor is None:
        raise WishRefused('since is the id of the last event you heard, such as "1042-77"; leave it out to begin now.')
    return cursor


def _token(value: Any) -> str:
    if isinstance(value, str) and len(value) <= 256 and value.isascii():
        return value
    raise WishRefused("token is the text that POST /api/v1/auth/token answered.")
