"""Finds address entries among a million: by address without reading the others, by words in the description."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from ringfence.policy.addresses import AddressProblem, Network, parse_network
from ringfence.policy.offenders.entries import sort_key
from ringfence.portal.security.models import AddressEntry

SOON: Final = timedelta(days=7)

type Entries = QuerySet[AddressEntry]


class State(StrEnum):
    """Whether an entry is in force, and for how long."""

    IN_FORCE = "in-force"
    EXPIRING = "expiring"
    EXPIRED = "expired"


def by_state(found: Entries, state: str) -> Entries:
    """`expiring` ends within seven days."""
    now = timezone.now()
    match State(state):
        case State.EXPIRED:
            return found.filter(expires_at__lte=now)
        case State.EXPIRING:
            return found.filter(expires_at__gt=now, expires_at__lte=now + SOON)
        case State.IN_FORCE:
            return found.filter(Q(expires_at=None) | Q(expires_at__gt=now))


def search(found: Entries, wanted: str) -> Entries:
    """An address or prefix finds what covers it and what lies inside it; other words are looked for in descriptions."""
    network = _as_network(wanted)
    if network is None:
        return found.filter(description__icontains=wanted)
    first, last = sort_key(network), _last_key(network)
    covering = [str(network.supernet(new_prefix=length)) for length in range(network.prefixlen)]
    return found.filter(Q(sort_key__gte=first, sort_key__lte=last) | Q(cidr__in=covering))


def _as_network(wanted: str) -> Network | None:
    """`41.202` and `41.202.` mean 41.202.0.0/16."""
    octets = wanted.strip().rstrip(".").split(".")
    if 1 < len(octets) < 4 and all(part.isascii() and part.isdigit() for part in octets):
        wanted = f"{'.'.join(octets + ['0'] * (4 - len(octets)))}/{8 * len(octets)}"
    try:
        return parse_network(wanted)
    except AddressProblem:
        return None


def _last_key(network: Network) -> str:
    """The sort key of the last address inside: no key of a prefix inside is greater."""
    digits = 8 if network.version == 4 else 32
    return f"{network.version}{int(network.broadcast_address):0{digits}x}/{network.max_prefixlen:03}"
