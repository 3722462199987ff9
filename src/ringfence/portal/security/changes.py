"""What can be done to security settings, address entries, user agents and bans."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from django.utils import timezone

from ringfence.policy.addresses import (
    AddressProblem,
    Network,
    blocks_everybody,
    blocks_protected,
    is_too_wide_to_trust,
    overlaps,
    parse_address,
    parse_network,
    trusts_strangers,
)
from ringfence.policy.book import BlockedUserAgent as BlockedAgent
from ringfence.policy.book import MatchKind, Target
from ringfence.policy.offenders.entries import sort_key
from ringfence.policy.scope import Scope
from ringfence.policy.settings import Problem, SecuritySettings, check_settings
from ringfence.portal import guard
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, NotFound, Refused, refuse
from ringfence.portal.security.models import AddressEntry, BlockedUserAgent, ProtectedAddress, SecurityValues
from ringfence.portal.text import control_problem
from ringfence.portal.trunks.models import Trunk

KNOWN_SCANNERS: Final = (
    "friendly-scanner", "friendly-request", "sipvicious", "sipcli/", "sip-scan", "sipscan", "siparmyknife",
    "VaxSIPUserAgent",
    "VaxIPUserAgent", "pplsip", "sundayddr", "iWar", "SIVuS", "Gulp", "smap",
)  # fmt: skip
"""User agents that only attack tools send. sipsak is an honest test tool and not in the list. The slash of sipcli/v1.8
keeps it apart from honest names such as SIPClient/1.0."""

OWN_USER_AGENTS: Final = {
    "PBX": "this system itself",
    "JsSIP 3.13.8": "the browser phone",
    "Ringfence probe": "the self-test",
}
"""What we call ourselves on the wire: `user_agent_header` of the core, webphone/package.json, `ringfence probe`."""

LONGEST_DESCRIPTION: Final = 200
LONGEST_PATTERN: Final = 128
_SEMICOLON_LIST: Final = re.compile(r";(?! )|; *$")
"""How other systems write several agents; within the name of one a semicolon is followed by a blank: (X11; Linux)."""

SHORTEST_PATTERN: Final = 3


def only_system(actor: Actor) -> None:
    require(actor, Permission.SECURITY_WRITE)


def change_settings(actor: Actor, values: dict[str, Any]) -> SecuritySettings:
    """Puts these values over the present ones. Raises Refused with every reason."""
    only_system(actor)
    with change(actor) as draft:
        old = SecurityValues.current()
        merged = {**asdict(old), **values}
        if problems := check_settings(merged):
            raise Refused(problems)
        settings = SecuritySettings(**merged)
        if settings == old:
            return settings
        SecurityValues.store(settings)
        draft.record("security.settings_changed", "", "Security settings", asdict(old), asdict(settings))
        draft.rules()
    return settings


def parsed_prefix(text: str, netmask: str = "", field: str = "cidr") -> Network:
    """Raises Refused with a sentence that teaches."""
    try:
        return parse_network(text, netmask)
    except AddressProblem as error:
        raise refuse(field, error.rule, error.message) from error


def parsed_address(text: str, field: str = "address") -> str:
    try:
        return str(parse_address(text))
    except AddressProblem as error:
        raise refuse(field, error.rule, error.message) from error


def ban_address(key: str) -> str:
    """A ban is named by an address or an IPv6 /64; for the guard the address inside is name enough."""
    return parsed_address(key.partition("/")[0])


def add_entry(
    actor: Actor, network: Network, target: Target, expires_at: datetime | None = None, description: str = ""
) -> AddressEntry:
    """Raises Refused or Conflict. An allow entry lifts a ban at once; a block entry drops everything from there."""
    only_system(actor)
    _refuse_entry_text(description, expires_at)
    _refuse_dangerous(network, target)
    with change(actor) as draft:
        _forget_expired_twin(network)
        _refuse_twin(network, target)
        entry = AddressEntry.objects.create(
            cidr=str(network),
            sort_key=sort_key(network),
            target=target.value,
            expires_at=expires_at,
            description=description.strip(),
            created_by=actor.name,
        )
        draft.record("ip_filter.created", entry.pk, str(entry), new=entry_facts(entry))
        draft.address_entries()
    return entry


def remove_entry(actor: Actor, entry: AddressEntry) -> None:
    only_system(actor)
    with change(actor) as draft:
        draft.record("ip_filter.deleted", entry.pk, str(entry), old=entry_facts(entry))
        draft.address_entries()
        entry.delete()


def remove_entries(actor: Actor, ids: Sequence[int]) -> int:
    """Removes several entries, all of them or none. Raises Refused."""
    only_system(actor)
    with change(actor) as draft:
        found = list(AddressEntry.objects.filter(pk__in=ids))
        if not ids or len(found) != len(set(ids)):
            raise NotFound(detail="One of these entries does not exist any more; nothing was removed. Look again.")
        for entry in found:
            draft.record("ip_filter.deleted", entry.pk, str(entry), old=entry_facts(entry))
        AddressEntry.objects.filter(pk__in=ids).delete()
        draft.address_entries()
    return len(found)


def change_entry(
    actor: Actor,
    entry: AddressEntry,
    target: Target | None = None,
    expires_at: datetime | None = None,
    description: str | None = None,
) -> AddressEntry:
    """Replaces action, end and description; the prefix of an entry never changes."""
    only_system(actor)
    text = entry.description if description is None else description.strip()
    _refuse_entry_text(text, expires_at)
    wanted = Target(entry.target) if target is None else target
    _refuse_dangerous(parse_network(entry.cidr), wanted)
    with change(actor) as draft:
        old = entry_facts(entry)
        entry.target, entry.expires_at, entry.description = wanted.value, expires_at, text
        entry.save(update_fields=["target", "expires_at", "description"])
        draft.record("ip_filter.changed", entry.pk, str(entry), old, entry_facts(entry))
        draft.address_entries()
    return entry


def _refuse_dangerous(network: Network, target: Target) -> None:
    if target is Target.BLOCK:
        refuse_dangerous_block(network)
    elif is_too_wide_to_trust(network):
        raise refuse("cidr", "ip_filter.trusts_strangers", trusts_strangers(network))


def refuse_dangerous_block(network: Network) -> None:
    """A block may cover neither everything nor a member of the never-block set. Raises Refused."""
    if network.prefixlen == 0:
        raise refuse("cidr", "ip_filter.everything", blocks_everybody(network))
    try:
        members = guard.listed("never-block.list", "members")
    except guard.GuardSilent as error:
        raise guard.GuardSilent(
            detail="The entry was not added: without the guard nobody can tell whether it covers a protected address."
        ) from error
    for member in members:
        _refuse_covering(network, member)


def _refuse_covering(network: Network, member: dict[str, Any]) -> None:
    text = str(member.get("cidr") or member.get("network") or member.get("address") or "")
    why = str(member.get("name") or member.get("why") or "a protected address")
    if overlaps(network, parse_network(text)):
        raise refuse("cidr", "ip_filter.never_block", blocks_protected(network, text, why))


def _refuse_twin(network: Network, target: Target) -> None:
    twin = AddressEntry.objects.filter(cidr=str(network)).first()
    if twin is None:
        return
    if twin.target == target.value:
        raise Conflict([Problem("cidr", "ip_filter.exists", f"There is already an entry to {target.value} {network}.")])
    message = f"{network} is already set to {twin.target}; both would be a tie. Remove or change that entry first."
    raise Conflict([Problem("target", "ip_filter.tie", message)])


def _forget_expired_twin(network: Network) -> None:
    AddressEntry.objects.filter(cidr=str(network), expires_at__lt=timezone.now()).delete()


def _refuse_entry_text(description: str, expires_at: datetime | None) -> None:
    if len(description) > LONGEST_DESCRIPTION:
        raise refuse("description", "text.length", f"The description may have {LONGEST_DESCRIPTION} characters.")
    if problem := control_problem("description", description):
        raise Refused([problem])
    if expires_at is not None and expires_at <= timezone.now():
        raise refuse("expires_at", "ip_filter.past", "The end lies in the past.")


def entry_facts(entry: AddressEntry) -> dict[str, Any]:
    expires_at = entry.expires_at.isoformat() if entry.expires_at else None
    return {"cidr": entry.cidr, "target": str(entry.target), "expires_at": expires_at, "description": entry.description}


def block_user_agent(
    actor: Actor, pattern: str, match: MatchKind = MatchKind.CONTAINS, description: str = ""
) -> BlockedUserAgent:
    """Raises Refused or Conflict. A pattern of one or two characters would match honest phones."""
    only_system(actor)
    pattern = pattern.strip()
    if not SHORTEST_PATTERN <= len(pattern) <= LONGEST_PATTERN:
        raise refuse(
            "pattern",
            "user_agent.length",
            f"A user agent pattern has {SHORTEST_PATTERN} to {LONGEST_PATTERN} characters.",
        )
    if problem := control_problem("pattern", pattern):
        raise Refused([problem])
    if _SEMICOLON_LIST.search(pattern):
        message = "One user agent for each entry: a list with semicolons would match nobody."
        raise refuse("pattern", "user_agent.list", message)
    _refuse_entry_text(description, None)
    refuse_protected_agent(pattern, match)
    with change(actor) as draft:
        if BlockedUserAgent.objects.filter(pattern__iexact=pattern, match=match.value).exists():
            raise Conflict([Problem("pattern", "user_agent.exists", f"{pattern!r} is blocked already.")])
        row = BlockedUserAgent.objects.create(pattern=pattern, match=match.value, description=description.strip())
        draft.record("user_agent.blocked", row.pk, pattern, new={"pattern": pattern, "match": match.value})
        draft.rules()
    return row


def refuse_protected_agent(pattern: str, match: MatchKind) -> None:
    """A pattern may match neither ourselves nor a trunk: calls would die in silence. Raises Refused."""
    blocked = BlockedAgent(pattern, match)
    for agent, owner in (*OWN_USER_AGENTS.items(), *_agents_of_trunks()):
        if blocked.matches(agent):
            message = f"{pattern!r} would also block {agent!r}, the user agent of {owner}."
            raise refuse("pattern", "user_agent.protected", message)


def _agents_of_trunks() -> Iterator[tuple[str, str]]:
    """Of all that are enabled: a gateway that registers here has no protected address, but an agent."""
    yield from ProtectedAddress.objects.exclude(user_agent="").values_list("user_agent", "name")
    yield from Trunk.objects.filter(enabled=True).exclude(user_agent="").values_list("user_agent", "name")


def unblock_user_agent(actor: Actor, row: BlockedUserAgent) -> None:
    only_system(actor)
    with change(actor) as draft:
        facts = {"pattern": row.pattern, "match": row.match, "description": row.description}
        draft.record("user_agent.unblocked", row.pk, row.pattern, old=facts)
        draft.rules()
        row.delete()


def add_ban(actor: Actor, address: str, seconds: int, reason: str, scope: Scope = Scope.SIP) -> dict[str, Any]:
    """Bans an address by hand; the guard refuses members of the never-block set."""
    only_system(actor)
    wanted = parsed_address(address)
    answer = guard.ask("bans.add", address=wanted, seconds=seconds, reason=reason, by=actor.name, scope=scope)
    with change(actor) as draft:
        draft.record("ban.added", "", wanted, new={"seconds": seconds, "reason": reason, "scope": scope})
    return answer if isinstance(answer, dict) else {"address": wanted}


def lift_ban(actor: Actor, address: str, scope: Scope | None = None) -> None:
    """Lifts the ban of one scope, or every ban of the address."""
    only_system(actor)
    guard.ask("bans.lift", address=address, by=actor.name, scope=scope or "")
    with change(actor) as draft:
        draft.record("ban.lifted", "", address, old={"scope": scope} if scope else {})
