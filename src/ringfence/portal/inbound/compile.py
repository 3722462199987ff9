"""What workers look up of calls from outside: numbers and blocked callers, by key."""

from collections.abc import Iterator, Sequence

from ringfence.policy.calls.destinations import parse_destination
from ringfence.policy.trunking.inbound import Did, blocked_key, did_key, encode_did
from ringfence.portal.inbound.models import BlockedCaller, InboundRule, NumberPool

type Values = Iterator[tuple[str, bytes]]


def every_number() -> Values:
    pools = list(NumberPool.objects.all())
    for rule in InboundRule.objects.select_related("tenant").iterator(chunk_size=2000):
        yield from _of(rule, pools)


def some_numbers(keys: Sequence[str]) -> Values:
    pools = list(NumberPool.objects.all())
    for key in keys:
        number = key.partition("/")[2]
        for rule in InboundRule.objects.filter(first__lte=number, last__gte=number).select_related("tenant"):
            yield from (item for item in _of(rule, pools) if item[0] == key)


def _of(rule: InboundRule, pools: list[NumberPool]) -> Values:
    """The numbers of a rule that its tenant still has."""
    own = [pool for pool in pools if pool.tenant_id == rule.tenant_id and len(pool.first) == len(rule.first)]
    for number in rule.numbers():
        pool = next((one for one in own if one.first <= number <= one.last), None)
        if pool:
            destination = parse_destination(rule.destination)
            did = Did(number, pool.trunk_id, rule.tenant_id, rule.tenant.domain, destination)
            yield did_key(number), encode_did(did)


def every_block() -> Values:
    for tenant_id, pattern in BlockedCaller.objects.values_list("tenant_id", "pattern").iterator(chunk_size=5000):
        yield blocked_key(tenant_id, pattern), b"1"


def some_blocks(keys: Sequence[str]) -> Values:
    for key in keys:
        _, tenant_id, pattern = key.split("/", 2)
        if BlockedCaller.objects.filter(tenant_id=int(tenant_id), pattern=pattern).exists():
            yield key, b"1"
