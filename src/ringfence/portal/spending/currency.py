"""In which currency the amounts of this system are. It is a name beside them: changing it converts nothing."""

from typing import Any

from django.db.models import Value
from django.utils.formats import get_format, number_format

from ringfence.policy.outgoing.spend import MILLION
from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.spending.models import MoneyUnit

DECIMALS = 6


def currency() -> str:
    """The code, as EUR; empty if none was named."""
    return MoneyUnit.current().currency


def set_currency(actor: Actor, wanted: str) -> str:
    """Names it, or with nothing leaves it unnamed. Raises Refused."""
    require(actor, Permission.RATES_WRITE)
    code = wanted.strip().upper()
    if code and not (len(code) == 3 and code.isascii() and code.isalpha()):
        message = "A currency is its three letters of ISO 4217, as in EUR or USD; or empty."
        raise Refused([Problem("currency", "currency.code", message)])
    with change(actor) as draft:
        row = MoneyUnit.current()
        old, row.currency = row.currency, code
        row.save()
        draft.record("currency.changed", "", "currency", {"currency": old}, {"currency": code})
    return code


def with_currency(rows: Any) -> Any:
    """Each row knows it, without a question of its own."""
    return rows.annotate(currency=Value(currency()))


def price(value: float) -> str:
    """As many decimals as it has, and at least two.

    >>> price(0.02), price(0.0125), price(3.0)
    ('0.02', '0.0125', '3.00')
    """
    whole, point, decimals = number_format(value, DECIMALS).partition(str(get_format("DECIMAL_SEPARATOR")))
    return f"{whole}{point}{decimals.rstrip('0'):0<2}"


def amount(value: float, code: str) -> str:
    """An amount with its currency, which a line break does not tear off.

    >>> amount(0.02, "EUR"), amount(5, "")
    ('0.02\\xa0EUR', '5.00')
    """
    return f"{price(value)}\u00a0{code}" if code else price(value)


def cost_of(millionths: int, code: str) -> str:
    """What a call cost: four decimals are enough for people.

    >>> cost_of(29_709, "EUR")
    '0.0297\\xa0EUR'
    """
    return amount(round(millionths / MILLION, 4), code)
