"""What the lists of outbound rules and office hours do to their marked rows."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from ringfence.portal.outbound import changes
from ringfence.portal.outbound.models import OfficeHours, OutboundRule
from ringfence.portal.outbound.tables import HOURS, RULES
from ringfence.portal.permissions import Permission
from ringfence.portal.tables.bulk import Bulk, deleting

OF_RULES: Final = Bulk(
    RULES,
    Permission.OUTBOUND_WRITE,
    lambda actor: OutboundRule.objects.visible_to(actor).select_related("tenant", "office_hours"),
    ((deleting(_("Delete these rules? Calls that only they carry are refused from now on.")), changes.delete),),
)
OF_HOURS: Final = Bulk(
    HOURS,
    Permission.OUTBOUND_WRITE,
    lambda actor: OfficeHours.objects.visible_to(actor).select_related("tenant"),
    ((deleting(_("Delete these office hours?")), changes.delete),),
)
