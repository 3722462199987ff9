"""Trunks as workers see them: addresses instead of names, digests instead of passwords."""

from collections.abc import Iterable, Iterator

from ringfence.hosts.addresses import parsed
from ringfence.policy.book import Subscriber
from ringfence.policy.relay.encryption import Encryption
from ringfence.policy.trunking.trunks import CallerIn, Login, Peer, Source, Trunk, TrunkKind, TrunkTransport
from ringfence.portal.people.digests import digests
from ringfence.portal.sealing import unseal
from ringfence.portal.trunks.models import Trunk as TrunkRow

GATEWAY_ROLE = ""
"""No role: a gateway may do what its trunk may, and nothing an extension may."""


def trunks(default_domain: str) -> tuple[Trunk, ...]:
    """All trunks, in the order of their ids."""
    return tuple(_compiled(row, default_domain) for row in TrunkRow.objects.order_by("pk").prefetch_related("shares"))


def gateways(aors: Iterable[str] | None = None) -> Iterator[Subscriber]:
    """The accounts of gateways that register here, among these addresses of record or all."""
    wanted = None if aors is None else set(aors)
    for row in TrunkRow.objects.filter(kind=TrunkKind.ACCEPT_REGISTER.value).order_by("pk"):
        if wanted is None or row.account in wanted:
            found = digests(row.username, row.domain, unseal(bytes(row.secret), row.bound_to))
            rights = (row.account, row.tenant_id or 0, 0, GATEWAY_ROLE, row.enabled, row.name)
            yield Subscriber(*rights, found.md5, found.sha256)


def peers(row: TrunkRow) -> tuple[Peer, ...]:
    """Where calls go to, in order: each host with all of its addresses."""
    found = []
    for host, port in row.hosts:
        addresses = [host] if parsed(host) else row.resolved.get(host, [])
        found += [Peer(address, port, host) for address in addresses]
    return tuple(found)


def _compiled(row: TrunkRow, default_domain: str) -> Trunk:
    kind = TrunkKind(row.kind)
    ways = peers(row)
    own = tuple(Source(cidr, port) for cidr, port in row.sources)
    derived = tuple(Source(peer.address) for peer in ways) if kind is TrunkKind.REGISTER else ()
    return Trunk(
        id=row.pk,
        name=row.name,
        kind=kind,
        tenant_id=row.tenant_id,
        enabled=row.enabled,
        transport=TrunkTransport(row.transport),
        encryption=Encryption(row.encryption),
        peers=ways,
        sources=tuple(dict.fromkeys((*own, *derived))),
        domain=row.domain or (row.hosts[0][0] if row.hosts else ""),
        login=_login(row) if kind is TrunkKind.REGISTER else None,
        at_address=_at_address(row, default_domain) if kind is TrunkKind.ACCEPT_REGISTER else None,
        account=row.account,
        expires=row.expires,
        keepalive=row.keepalive,
        country_code=row.country_code,
        trunk_prefix=row.trunk_prefix,
        numbers=tuple(row.numbers),
        default_number=row.default_number,
        max_calls=row.max_calls,
        aes_256_only=row.aes_256_only,
        link=row.link,
        from_domain=row.from_domain,
        caller_in=CallerIn(row.caller_in),
        max_calls_by_tenant={str(share.tenant_id): share.max_calls for share in row.shares.all()},
    )


def _login(row: TrunkRow) -> Login:
    """The digest is bound to the realm: to a peer that shows another one there is nothing to send."""
    realm = row.realm or row.domain or row.hosts[0][0]
    found = digests(row.auth_username or row.username, realm, unseal(bytes(row.secret), row.bound_to))
    return Login(row.username, realm, found.md5, found.sha256, row.auth_username)


def _at_address(row: TrunkRow, realm: str) -> Login:
    found = digests(row.username, realm, unseal(bytes(row.secret), row.bound_to))
    return Login(row.username, realm, found.md5, found.sha256)
