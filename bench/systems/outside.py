"""Ringfence with a provider, outbound rules and rates: few of them, or as many as a large carrier has."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.rig.network import Network
from bench.systems import ringfence
from bench.systems.system import System
from ringfence.hosts import accounts
from ringfence.policy.book import Role
from ringfence.policy.outgoing.callplan import WORLD_KEY, Settings, encode_plan, encode_world, plan_key
from ringfence.policy.outgoing.numberplan import CallingCode, NumberPlan, World
from ringfence.policy.outgoing.numbers import Reach
from ringfence.policy.outgoing.outbound import OutboundRule, Route
from ringfence.policy.outgoing.spend import Rate, encode_rate
from ringfence.policy.trunking.trunks import Peer, Trunk, TrunkKind
from ringfence.store.writer import Lookups, PolicyWriter

NUMBER: Final = "+493012345678"
PROVIDER_PORT: Final = 5080
_TRUNK: Final = 1
_TENANT: Final = 1
_WITHOUT_LIMITS: Final = b'{"calls_per_minute":null,"minutes_per_day":null,"money_per_day":null}'


def outside(net: Network, folder: Path, extensions: int, rules: int, rates: int) -> System:
    """So many rules, of which the last one takes the call, and so many rates by prefix."""
    ready = ringfence.reopen(folder) if folder.exists() else ringfence.install(folder, extensions)
    writer = PolicyWriter(ready.paths.policy)
    book = replace(ringfence.book(), trunks=(_trunk(),), roles=(Role("Standard User", True, True, True),))
    lookups = Lookups(put=(*_plan(rules), *_rates(rates)))
    writer.publish(book, lookups=lookups)
    writer.close()
    for path in ready.paths.policy.iterdir():
        shutil.chown(path, accounts.PORTAL.name, accounts.POLICY)
    return System(f"{rules:,} rules, {rates:,} rates", lambda: ringfence.ringfence(net, ready))


def _trunk() -> Trunk:
    return Trunk(
        _TRUNK,
        "Carrier",
        TrunkKind.ADDRESS,
        peers=(Peer("198.18.0.2", PROVIDER_PORT),),
        domain="carrier.example",
        keepalive=0,
        country_code="49",
        default_number="+493012300",
    )


def _plan(rules: int) -> Iterator[tuple[str, bytes]]:
    """Every rule asks for another prefix and for who calls; the general one stands last."""
    world = World({"49": CallingCode("49", "(?P<DE>)", "0")})
    numbers = NumberPlan("DE", "49", "00", "0")
    routes = (Route(_TRUNK),)
    special = [
        OutboundRule(number, f"Rule {number}", number, prefixes=(f"+4930{number:06}",), routes=routes)
        for number in range(1, rules)
    ]
    general = OutboundRule(rules, "Everything", rules, reaches=(Reach.NATIONAL,), routes=routes)
    yield WORLD_KEY, encode_world(world)
    yield plan_key(_TENANT), encode_plan(Settings(numbers=numbers), [*special, general])


def _rates(count: int) -> Iterator[tuple[str, bytes]]:
    for owner in ("extension", "tenant", "trunk"):
        yield f"budget/{owner}", _WITHOUT_LIMITS
    for number in range(count):
        yield f"rate/{4_930_000_000 + number}", encode_rate(Rate(f"Area {number}", 10_000))
