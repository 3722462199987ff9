"""What the pages of rates, budgets and calls say of money and of whose it is."""

from django import template

from ringfence.portal.spending.currency import amount, cost_of
from ringfence.portal.spending.whose import whose

register = template.Library()
register.filter(whose)
register.filter(amount)
register.filter(cost_of)
