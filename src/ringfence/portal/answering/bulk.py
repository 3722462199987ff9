"""What the lists of ring groups, announcements and time conditions do to their marked rows."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from ringfence.portal.answering import changes, timed
from ringfence.portal.answering.models import Announcement, RingGroup, TimeCondition
from ringfence.portal.answering.tables import ANNOUNCEMENTS, RING_GROUPS, TIME_CONDITIONS
from ringfence.portal.permissions import Permission
from ringfence.portal.tables.bulk import Bulk, deleting

OF_GROUPS: Final = Bulk(
    RING_GROUPS,
    Permission.INBOUND_WRITE,
    lambda actor: RingGroup.objects.visible_to(actor).select_related("tenant"),
    ((deleting(_("Delete these ring groups? Nobody answers under their numbers any more.")), changes.delete_group),),
)
OF_ANNOUNCEMENTS: Final = Bulk(
    ANNOUNCEMENTS,
    Permission.INBOUND_WRITE,
    lambda actor: Announcement.objects.visible_to(actor).select_related("tenant"),
    ((deleting(_("Delete these announcements? Their sound is gone.")), changes.delete_announcement),),
)
OF_CONDITIONS: Final = Bulk(
    TIME_CONDITIONS,
    Permission.INBOUND_WRITE,
    lambda actor: TimeCondition.objects.visible_to(actor).select_related("tenant", "office_hours"),
    ((deleting(_("Delete these time conditions?")), timed.delete_condition),),
)
