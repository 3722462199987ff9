"""What the lists of inbound rules, numbers and blocked callers do to their marked rows."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from ringfence.portal.inbound import changes
from ringfence.portal.inbound.models import BlockedCaller, InboundRule, NumberPool
from ringfence.portal.inbound.table import BLOCKED, POOLS, RULES
from ringfence.portal.permissions import Permission
from ringfence.portal.tables.bulk import Bulk, deleting

OF_RULES: Final = Bulk(
    RULES,
    Permission.INBOUND_WRITE,
    lambda actor: InboundRule.objects.visible_to(actor).select_related("tenant"),
    ((deleting(_("Delete these rules? Calls to their numbers are declined from now on.")), changes.remove_rule),),
)
OF_POOLS: Final = Bulk(
    POOLS,
    Permission.TRUNKS_WRITE,
    lambda actor: NumberPool.objects.visible_to(actor).select_related("tenant", "trunk"),
    ((deleting(_("Take these numbers from their tenants?")), changes.remove_pool),),
)
OF_BLOCKED: Final = Bulk(
    BLOCKED,
    Permission.INBOUND_WRITE,
    lambda actor: BlockedCaller.objects.visible_to(actor).select_related("tenant"),
    ((deleting(_("Let these callers in again?")), changes.unblock),),
)
