"""What root did to the host, in the portal's audit log."""

import json
from typing import Any

from ringfence.cli.portal_command import portal_answer


def note(action: str, label: str, facts: dict[str, Any]) -> bool:
    """Whether it could be written; the change itself does not depend on it."""
    return bool(portal_answer("note-host-change", action, label, stdin=json.dumps(facts)))
