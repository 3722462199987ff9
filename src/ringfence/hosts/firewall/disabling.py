"""When the host's firewall may be switched off (reference: "Disable Firewalld in Cloud", the safety fix): only in a
cloud, and only while the cloud's own rules are shown to be right and enforced by a check from outside.

A host firewall that is at work hides what the cloud lets through. So a canary listens on a port outside the plan and
the host firewall lets it through: if nobody outside reaches it, something before this machine stopped them.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ringfence.hosts.cloud import Cloud
from ringfence.hosts.firewall.active import FrontEnd
from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.jsonfile import replace_json
from ringfence.hosts.ports import Transport

FRESH_SECONDS: Final = 3600
EVERY_PORT: Final = 65_535


@dataclass(frozen=True, slots=True)
class Canary:
    """A port that was open on this host and nowhere in the plan, from `begun` to `ended` (Unix time; 0 while it still
    is). `reached_from` is who got through to it."""

    port: int
    begun: float
    ended: float = 0.0
    reached_from: str = ""


@dataclass(frozen=True, slots=True)
class Outside:
    """What a probe from outside found: the address it looked at, from where, when, how many TCP ports."""

    host: str
    source: str
    at: float
    scanned: int
    tcp: tuple[int, ...]
    udp: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """Everything the decision rests on."""

    cloud: Cloud | None
    own: tuple[str, ...]
    plan: Plan
    canary: Canary | None
    outside: Outside | None
    now: float


def objections(proof: Proof) -> Iterator[str]:
    """Why the firewall must stay; nothing when it may be switched off."""
    if proof.cloud is None:
        yield "This machine is in no known cloud; on your own premises the host's firewall is never switched off."
        return
    if proof.outside is None:
        yield "There is no result of a probe from outside (ringfence probe --full --json, run elsewhere)."
        return
    yield from _about_place(proof.cloud, proof.own, proof.outside)
    yield from _about_time(proof.outside, proof.canary, proof.now)
    yield from _about_ports(proof.plan, proof.outside, proof.canary)


def _about_place(cloud: Cloud, own: tuple[str, ...], outside: Outside) -> Iterator[str]:
    if not cloud.public or outside.host != cloud.public:
        yield f"The probe looked at {outside.host}, not at this machine's public address {cloud.public or '(none)'}."
    if not outside.source or outside.source in (*own, cloud.public, cloud.private):
        yield "The probe was not run from outside, but on this machine."


def _about_time(outside: Outside, canary: Canary | None, now: float) -> Iterator[str]:
    if not 0 <= now - outside.at <= FRESH_SECONDS:
        yield "The probe is older than an hour."
    if canary is None:
        yield "No canary (ringfence firewall canary) was open during the probe: the host firewall may have hidden all."
    elif not canary.begun <= outside.at <= (canary.ended or now):
        yield "The canary was not open while the probe looked."


def _about_ports(plan: Plan, outside: Outside, canary: Canary | None) -> Iterator[str]:
    if outside.scanned < EVERY_PORT:
        yield f"The probe tried {outside.scanned} ports only; it has to try every one (--full)."
    if canary is not None and (canary.port in outside.tcp or canary.reached_from):
        who = f" by {canary.reached_from}" if canary.reached_from else ""
        yield f"The canary on port {canary.port} was reached{who}: the cloud lets through what is not in the plan."
    for transport, ports in ((Transport.TCP, outside.tcp), (Transport.UDP, outside.udp)):
        for port in ports:
            if plan.covers(transport, port) is None and (canary is None or port != canary.port):
                yield f"{port}/{transport} is open from outside, and the plan does not open it."


def commands(which: FrontEnd, table: str) -> tuple[tuple[str, ...], ...]:
    """How each front end is switched off; of nftables our own table alone goes."""
    match which:
        case FrontEnd.FIREWALLD:
            return (("systemctl", "disable", "firewalld"), ("systemctl", "stop", "firewalld"))
        case FrontEnd.UFW:
            return (("ufw", "--force", "disable"),)
        case FrontEnd.NFTABLES:
            return (("nft", "delete", "table", "inet", table),)


def outside_of(document: Any) -> Outside:
    """From what `ringfence probe --json` printed. Raises KeyError, TypeError or ValueError."""
    return Outside(
        str(document["address"]),
        str(document["source"]),
        float(document["at"]),
        int(document["scanned"]),
        tuple(int(port) for port in document["tcp"]),
        tuple(int(port) for port in document["udp"]),
    )


@dataclass(frozen=True, slots=True)
class Notes:
    """Two files beside the plan that was applied: the last canary, and that the firewall is off."""

    folder: Path

    @property
    def canary_file(self) -> Path:
        return self.folder / "canary.json"

    @property
    def disabled_file(self) -> Path:
        return self.folder / "disabled.json"

    def canary(self) -> Canary | None:
        try:
            return Canary(**json.loads(self.canary_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def keep_canary(self, canary: Canary) -> None:
        self._write(self.canary_file, asdict(canary))

    def keep_disabled(self, facts: dict[str, Any]) -> None:
        self._write(self.disabled_file, facts)

    def is_disabled(self) -> bool:
        return self.disabled_file.exists()

    def forget_disabled(self) -> None:
        self.disabled_file.unlink(missing_ok=True)

    def _write(self, path: Path, document: dict[str, Any]) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_json(path, document)
