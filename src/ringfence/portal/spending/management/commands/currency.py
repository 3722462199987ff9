"""`manage currency` for `ringfence budget`: in which currency the amounts are; nothing where none was named."""

from typing import Any

from django.core.management.base import BaseCommand

from ringfence.portal.spending.currency import currency


class Command(BaseCommand):
    help = "Print the currency of rates and budgets."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(currency())
