"""What other security settings would have done to what was recorded: the guard replays its journal."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ringfence.policy.settings import check_settings
from ringfence.portal import guard
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.security.models import SecurityValues

PATIENCE = 45.0
"""Seconds; the guard itself gives up earlier."""


def rehearse(actor: Actor, values: Mapping[str, Any], entries: list[dict[str, str]]) -> dict[str, Any]:
    """Who would have been stopped, let through and spared. Changes nothing. Raises Refused."""
    require(actor, Permission.SECURITY_READ)
    merged = {**asdict(SecurityValues.current()), **values}
    if problems := check_settings(merged):
        raise Refused(problems)
    answer: dict[str, Any] = guard.ask("policy.dry-run", PATIENCE, settings=merged, entries=entries)
    return answer
