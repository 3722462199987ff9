"""What the pages of budgets say of one."""

from django import template
from django.utils.formats import get_format, number_format

from ringfence.portal.spending.whose import whose

register = template.Library()
register.filter(whose)
DECIMALS = 6


@register.filter
def price(value: float) -> str:
    """As many decimals as it has, and at least two.

    >>> price(0.02), price(0.0125), price(3.0)
    ('0.02', '0.0125', '3.00')
    """
    whole, point, decimals = number_format(value, DECIMALS).partition(str(get_format("DECIMAL_SEPARATOR")))
    return f"{whole}{point}{decimals.rstrip('0'):0<2}"
