"""Writes docs/wsi.asyncapi.json (AsyncAPI 3.0): the event socket, from the table of what is told to whom.

`make docs` runs it.
"""

import json
from pathlib import Path
from typing import Any, Final

from ringfence.hosts import ports
from ringfence.policy.events import Kind
from ringfence.policy.people.subscriptions import TELLINGS, Audience, Telling, Topic
from ringfence.portal.wsi.protocol import HEARTBEAT, Closing

PAGE: Final = Path(__file__).parents[1] / "docs" / "wsi.asyncapi.json"
HEARD_BY: Final = {
    Audience.SYSTEM: "The system administrator hears it.",
    Audience.TENANT: "The system administrator and the administrators of its tenant hear it.",
    Audience.CONCERNED: (
        "The system administrator hears all of it; an administrator of a tenant whose accounts were tried hears "
        "address, rule, since, until and these accounts."
    ),
}
TEXT: Final[dict[str, Any]] = {"type": "string"}
CURSOR: Final = {"type": "string", "pattern": "^[0-9]+-[0-9]+$", "description": "Resume with it as `since`."}

LIST: Final = {"type": "array", "items": TEXT}
NUMBER: Final = {"type": "number"}
WHOLE: Final = {"type": "integer"}
MOMENT: Final = {"type": "number", "description": "Unix time, seconds"}
FIELDS: Final[dict[str, dict[str, Any]]] = {
    "accounts": LIST,
    "answered_at": {"type": ["number", "null"], "description": "Unix time, seconds; null: never"},
    "audit_id": WHOLE,
    "changes": {"type": "object", "description": "By field: `old` and `new`."},
    "code": {"type": "integer", "description": "The SIP status code."},
    "ended_at": MOMENT,
    "evidence": {"type": ["object", "null"]},
    "latency_ms": {"type": ["number", "null"]},
    "limit": NUMBER,
    "rung": LIST,
    "since": MOMENT,
    "started_at": MOMENT,
    "tenant_id": {"type": ["integer", "null"], "description": "null: of no tenant"},
    "trunk_id": WHOLE,
    "until": MOMENT,
    "used": NUMBER,
    "user_id": WHOLE,
}
"""What is no text."""


def document() -> dict[str, Any]:
    """The whole description."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ringfence WebSocket Interface",
            "version": "1.0.0",
            "description": "Events of registrations, calls, bans, alarms, settings and the audit log. See wsi.md.",
        },
        "defaultContentType": "application/json",
        "servers": {
            "ringfence": {
                "host": f"HOST:{ports.WSI.first}",
                "protocol": "wss",
                "security": [{"$ref": "#/components/securitySchemes/token"}],
            }
        },
        "channels": {
            "events": {
                "address": "/",
                "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _messages()},
            }
        },
        "operations": {
            "subscribe": _operation("receive", ["subscribe"]),
            "tell": _operation("send", [name for name in _messages() if name != "subscribe"]),
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "messages": _messages(),
        },
        "x-close-codes": {str(int(closing)): closing.name.lower() for closing in Closing},
    }


def text() -> str:
    return json.dumps(document(), indent=2) + "\n"


def _operation(action: str, names: list[str]) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": "#/channels/events"},
        "messages": [{"$ref": f"#/channels/events/messages/{name}"} for name in names],
    }


def _messages() -> dict[str, Any]:
    return {
        "subscribe": _message(
            "The first and only message of a listener.",
            {
                "topics": {"type": "array", "minItems": 1, "items": {"enum": [str(topic) for topic in Topic]}},
                "since": CURSOR,
                "token": {**TEXT, "description": "Where the Authorization header cannot be set."},
            },
            ["type", "topics"],
            {"type": {"const": "subscribe"}},
        ),
        "subscribed": _message(
            "The answer. `gap` is true if events after `since` are gone.",
            {
                "topics": {"type": "array", "items": TEXT},
                "cursor": CURSOR,
                "gap": {"type": "boolean"},
                "heartbeat": {"type": "number", "const": HEARTBEAT, "description": "seconds"},
            },
            ["type", "topics", "cursor", "gap", "heartbeat"],
            {"type": {"const": "subscribed"}},
        ),
        "heartbeat": _message(
            "Nothing happened for a while; everything up to `cursor` has been told.",
            {"cursor": CURSOR, "at": {"type": "number"}},
            ["type", "cursor", "at"],
            {"type": {"const": "heartbeat"}},
        ),
        **{str(kind): _event(kind, telling) for kind, telling in TELLINGS.items()},
    }


def _event(kind: Kind, telling: Telling) -> dict[str, Any]:
    told = dict.fromkeys((*telling.fields, *(["accounts"] if telling.audience is Audience.CONCERNED else [])))
    properties = {name: FIELDS.get(name, TEXT) for name in told}
    data = {"type": "object", "properties": properties, "additionalProperties": False}
    message = _message(
        telling.summary,
        {"id": CURSOR, "at": {"type": "number", "description": "Unix time, seconds"}, "data": data},
        ["type", "id", "kind", "at", "data"],
        {"type": {"const": "event"}, "kind": {"const": str(kind)}},
    )
    return {**message, "description": HEARD_BY[telling.audience], "tags": [{"name": str(t)} for t in telling.topics]}


def _message(summary: str, fields: dict[str, Any], required: list[str], fixed: dict[str, Any]) -> dict[str, Any]:
    payload = {"type": "object", "properties": {**fixed, **fields}, "required": required}
    return {"summary": summary, "payload": payload}


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
