"""What the table of trunks says of one."""

from typing import Any

from django import template

from ringfence.policy.trunking.trunks import TrunkKind
from ringfence.portal.trunks.models import Trunk
from ringfence.portal.trunks.state import Told, states_of
from ringfence.portal.trunks.table import KINDS

register = template.Library()


@register.filter
def trunk_kind(row: Trunk) -> Any:
    return KINDS[TrunkKind(row.kind)]


@register.filter
def trunk_peers(row: Trunk, known: Told) -> list[dict[str, Any]]:
    return states_of(row, known)
