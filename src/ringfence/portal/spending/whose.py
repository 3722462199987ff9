"""Whom a budget is for, in words: its text form names tenants and trunks by their number."""

from typing import Final

from ringfence.policy.outgoing.spend import Owner
from ringfence.portal.language import told
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.trunks.models import Trunk

TITLES: Final = {
    Owner.EXTENSION: "each extension",
    Owner.TENANT: "each tenant",
    Owner.TRUNK: "each trunk",
}


def whose(owner: str) -> str:
    """The name of one owner, or all of a kind; what is deleted keeps its text form."""
    kind, _, name = owner.partition(":")
    if not name:
        return told(TITLES[Owner(kind)])
    if kind == Owner.EXTENSION:
        return name
    model = Tenant if kind == Owner.TENANT else Trunk
    found: str | None = model.objects.filter(pk=int(name)).values_list("name", flat=True).first()
    return found or owner
