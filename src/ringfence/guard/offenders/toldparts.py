"""On the SBC's host: what the core's allow entries name of IPv6 /64, so that bans spare it in this kernel as well."""

from collections import defaultdict
from typing import Any, Final

from ringfence.guard.control import Args, Refusal, Verb
from ringfence.guard.service import Service
from ringfence.policy.addresses import HOST_BITS_V6, AddressProblem, Network, ban_network, parse_network
from ringfence.policy.offenders.entry_index import MOST_NARROW

TOLD: Final = "bans.told-spare"
MOST_AT_ONCE: Final = 100


class ToldParts:
    """Told as a whole, in parts from `begin` to `end`; the last whole one is in force, also while nobody tells."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._coming: set[Network] | None = None

    def verbs(self) -> dict[str, Verb]:
        return {TOLD: self.told}

    async def told(self, args: Args) -> dict[str, Any]:
        found = _networks(args)
        if args.get("begin") is True:
            self._coming = set()
        if self._coming is None:
            return {}
        if len(self._coming) + len(found) > MOST_NARROW:
            raise Refusal("bans.parts", "parts", f"Bans spare at most {MOST_NARROW} parts.")
        self._coming.update(found)
        if args.get("end") is True:
            self._service.parts.policy.told_parts, self._coming = _by_64(self._coming), None
            self._service.protect()
        return {}


def _by_64(parts: set[Network]) -> dict[Network, list[Network]]:
    found: dict[Network, list[Network]] = defaultdict(list)
    for part in sorted(parts, key=str):
        found[ban_network(part.network_address)].append(part)
    return dict(found)


def _networks(args: Args) -> list[Network]:
    given = args.get("parts", [])
    if not isinstance(given, list) or len(given) > MOST_AT_ONCE:
        raise Refusal("request.list", "parts", f"parts must be a list of at most {MOST_AT_ONCE} prefixes.")
    return [_part(one) for one in given]


def _part(given: Any) -> Network:
    try:
        found: Network = parse_network(str(given))
    except AddressProblem as problem:
        raise Refusal(problem.rule, "parts", problem.message) from problem
    if found.version == 6 and found.prefixlen > HOST_BITS_V6:
        return found
    raise Refusal("bans.parts", "parts", f"{found} is no part of an IPv6 /{HOST_BITS_V6}.")
