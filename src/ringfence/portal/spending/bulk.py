"""What the list of rates does to its marked rows."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from ringfence.portal.permissions import Permission
from ringfence.portal.spending import changes
from ringfence.portal.spending.models import Rate
from ringfence.portal.spending.tables import RATES
from ringfence.portal.tables.bulk import Bulk, deleting

OF_RATES: Final = Bulk(
    RATES,
    Permission.RATES_WRITE,
    lambda actor: Rate.objects.all(),
    (
        (
            deleting(_("Delete these rates? Calls to their prefixes cost what the next shorter prefix says.")),
            changes.delete_rate,
        ),
    ),
)
