"""What the list of groups does to its marked rows."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from ringfence.portal.people import groups
from ringfence.portal.people.directory_tables import GROUPS, groups_of
from ringfence.portal.permissions import Permission
from ringfence.portal.tables.bulk import Bulk, deleting

OF_GROUPS: Final = Bulk(
    GROUPS,
    Permission.GROUPS_WRITE,
    groups_of,
    (
        (
            deleting(_("Delete these groups? Their members stay; rules that name only them match nobody.")),
            groups.delete_group,
        ),
    ),
)
