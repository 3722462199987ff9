"""How a phone is shown in a list."""

from django import template

from ringfence.portal.provisioning import table
from ringfence.portal.provisioning.models import Phone

register = template.Library()


@register.filter
def mac(plain: str) -> str:
    """
    >>> mac("001565aabbcc")
    '00:15:65:aa:bb:cc'
    """
    return ":".join(plain[start : start + 2] for start in range(0, len(plain), 2))


@register.filter
def is_open(row: Phone) -> bool:
    return table.is_open(row)
