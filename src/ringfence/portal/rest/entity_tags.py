"""ETag and If-Match (RFC 9110 sections 8.8.3 and 13.1.1): nobody overwrites what somebody else changed meanwhile."""

import hashlib
import json
from typing import Any

from ringfence.portal.rest.problems import PreconditionFailed, PreconditionRequired
from ringfence.portal.security.models import SecurityValues


def tag_of(shown: Any) -> str:
    """The strong tag of what an operation shows."""
    text = json.dumps(shown, sort_keys=True, separators=(",", ":"), default=str)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def names(condition: str, tag: str) -> bool:
    """Whether a list of tags, or `*`, names this one; weak tags never match strongly."""
    return condition.strip() == "*" or tag in (item.strip() for item in condition.split(","))


def require_match(condition: str | None, present: Any) -> None:
    """Raises PreconditionFailed, or PreconditionRequired where an administrator wants the header on every update."""
    if condition is None:
        if SecurityValues.current().web_api_if_match:
            raise PreconditionRequired(detail="Updates need an If-Match header; GET tells the ETag.")
        return
    if not names(condition, tag_of(present)):
        raise PreconditionFailed(detail="It was changed since you read it; read it again and repeat your change.")
