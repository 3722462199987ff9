"""What the configuration adds to the never-block set: cluster peers, the front proxy, and the addresses of trunks.

Everything else in the set the guard finds out by itself. Trunks write their own rows through `protect_owner`.
"""

from collections.abc import Iterable
from typing import Final

from ringfence.policy.addresses import Network, overlaps, parse_network
from ringfence.policy.book import BlockedUserAgent as BlockedAgent
from ringfence.policy.book import MatchKind, Protection, Target
from ringfence.policy.settings import Problem
from ringfence.portal.actor import Actor
from ringfence.portal.change import Change, change
from ringfence.portal.problems import Conflict, refuse
from ringfence.portal.security.changes import only_system
from ringfence.portal.security.models import AddressEntry, BlockedUserAgent, ProtectedAddress

SHORTEST: Final = {4: 24, 6: 48}
"""A shorter prefix would protect half a provider, attackers included."""

LONGEST_NAME: Final = 100
BY_HAND: Final = frozenset({Protection.CLUSTER_PEER, Protection.FRONT_PROXY})


def protect(actor: Actor, network: Network, kind: Protection, name: str) -> ProtectedAddress:
    """Raises Refused or Conflict."""
    only_system(actor)
    if kind not in BY_HAND:
        raise refuse("kind", "protected.derived", "The addresses of a trunk are protected with the trunk itself.")
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise refuse("name", "text.length", f"Name what stands there, in 1 to {LONGEST_NAME} characters.")
    refuse_unprotectable(network)
    if ProtectedAddress.objects.filter(cidr=str(network)).exists():
        raise Conflict([Problem("cidr", "protected.exists", f"{network} is protected already.")])
    with change(actor) as draft:
        row = ProtectedAddress.objects.create(cidr=str(network), kind=kind.value, name=name)
        draft.record("protected_address.created", row.pk, str(row), new={"cidr": row.cidr, "kind": kind, "name": name})
        draft.rules()
    return row


def unprotect(actor: Actor, row: ProtectedAddress) -> None:
    only_system(actor)
    if row.owner:
        raise refuse("cidr", "protected.derived", f"{row.cidr} belongs to {row.name}; it goes when that goes.")
    with change(actor) as draft:
        draft.record("protected_address.deleted", row.pk, str(row), old={"cidr": row.cidr, "kind": row.kind})
        draft.rules()
        row.delete()


def protect_owner(draft: Change, owner: str, name: str, networks: Iterable[Network], user_agent: str = "") -> None:
    """Replaces the rows of one trunk within its own change; without networks they go. Raises Refused."""
    wanted = list(dict.fromkeys(networks))
    for network in wanted:
        refuse_unprotectable(network)
    _refuse_blocked_agent(user_agent, name)
    ProtectedAddress.objects.filter(owner=owner).delete()
    known = set(ProtectedAddress.objects.filter(cidr__in=[str(one) for one in wanted]).values_list("cidr", flat=True))
    ProtectedAddress.objects.bulk_create(
        ProtectedAddress(cidr=str(one), kind=Protection.TRUNK, name=name, user_agent=user_agent, owner=owner)
        for one in wanted
        if str(one) not in known
    )
    draft.rules()


def refuse_unprotectable(network: Network) -> None:
    """Neither a whole provider nor what an administrator blocked can be protected. Raises Refused."""
    if network.prefixlen < SHORTEST[network.version]:
        message = f"{network} is too wide to be protected: at most a /{SHORTEST[network.version]}."
        raise refuse("cidr", "protected.too_wide", message)
    for entry in AddressEntry.objects.filter(target=Target.BLOCK.value).iterator(chunk_size=5000):
        if overlaps(network, parse_network(entry.cidr)):
            message = f"The entry to block {entry.cidr} covers it; remove that entry first."
            raise refuse("cidr", "protected.blocked", message)


def _refuse_blocked_agent(user_agent: str, name: str) -> None:
    for row in BlockedUserAgent.objects.all() if user_agent else ():
        if BlockedAgent(row.pattern, MatchKind(row.match)).matches(user_agent):
            message = f"{user_agent!r} of {name} is blocked by {row.pattern!r}; remove that entry first."
            raise refuse("user_agent", "user_agent.protected", message)
