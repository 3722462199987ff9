"""Three ways to drop a known attacker: our ban set, pike with its table of banned addresses, fail2ban's rules."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from bench.load.flood import Kind, Load, run_flood
from bench.measures.drop_cost import Defence
from bench.rig.network import Network, attack_address, deaf, hearing, run_in
from bench.stage import EXTENSIONS, Stage, installed
from bench.systems import stock
from bench.systems.baselines import sqlite_database
from bench.systems.ringfence import ringfence
from ringfence.guardlink import ask

ATTACKERS: Final = 1000
"""Each of them banned: a thousand rules for fail2ban, a thousand elements for us."""

OURS: Final = "Ringfence"
OURS_MANY: Final = f"Ringfence, {ATTACKERS:,} banned"
PIKE: Final = "Kamailio's pike and htable"
RULES: Final = f"fail2ban, {ATTACKERS:,} rules"
_BAN_SECONDS: Final = 600


def defences(stage: Stage) -> tuple[Defence, ...]:
    """All of them; Kamailio gets no more packets than it can read."""
    database = sqlite_database(stage.folder, 1000)
    return (
        Defence(OURS, 1, 0, lambda: _ours(stage, 1)),
        Defence(PIKE, 1, 20_000, lambda: _pike(stage.net, stage.folder / "pike", f"sqlite:///{database}")),
        Defence(OURS_MANY, ATTACKERS, 0, lambda: _ours(stage, ATTACKERS)),
        Defence(RULES, ATTACKERS, 0, lambda: _rules(stage.net)),
    )


@contextmanager
def _ours(stage: Stage, attackers: int) -> Iterator[None]:
    """The delivered system, with the attackers banned through the guard's socket."""
    ready = installed(stage, EXTENSIONS)
    with ringfence(stage.net, ready):
        for number in range(attackers):
            ask(ready.paths.guard_socket, "bans.add", address=attack_address(number), seconds=_BAN_SECONDS)
        yield


@contextmanager
def _pike(net: Network, folder: Path, database_url: str) -> Iterator[None]:
    """Stock as shipped, with pike and its `ipban` table; the attacker is over the limit when the block begins."""
    folder.mkdir(exist_ok=True)
    variant = stock.Stock(database_url, "db_sqlite.so", guarded=True)
    deaf(net)
    try:
        with stock.kamailio(net, folder, variant):
            first = Load(Kind.REGISTER, 1, 500, 1000, (attack_address(0),))
            run_flood(net, first, folder / "first.json")
            time.sleep(0.5)
            yield
    finally:
        hearing(net)


@contextmanager
def _rules(net: Network) -> Iterator[None]:
    """One reject rule for each banned address, as fail2ban's iptables and nftables actions leave them behind."""
    rules = "\n".join(
        f"  ip saddr {attack_address(number)} counter reject with icmp port-unreachable" for number in range(ATTACKERS)
    )
    jump = " chain input {\n  type filter hook input priority filter\n  udp dport 5060 jump jail\n }\n"
    table = f"table ip jails {{\n chain jail {{\n{rules}\n }}\n{jump}}}\n"
    run_in(net.server, "nft", table)
    try:
        yield
    finally:
        run_in(net.server, "nft", "delete", "table", "ip", "jails")
