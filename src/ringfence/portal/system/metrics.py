"""What Prometheus collects: one table of metrics, each with where its value comes from."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from prometheus_client import CollectorRegistry, Metric, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

from ringfence import __version__
from ringfence.portal import guard, places
from ringfence.portal.people.models import Extension
from ringfence.portal.problems import Refused
from ringfence.portal.system.models import PendingPublish
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.webaccess.server import certificate_now

MOST_TENANTS: Final = 500
"""Series of each kind by tenant; an observer's memory grows with every label."""

type Value = float | dict[str, float] | None
"""One number, or one for each value of the metric's label; None while nobody can tell."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the parts told this time."""

    status: dict[str, Any] = field(default_factory=dict)
    core: dict[str, int] = field(default_factory=dict)
    media: dict[str, Any] = field(default_factory=dict)
    registrations: dict[str, int] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric. A counter only grows until its part is restarted."""

    name: str
    help: str
    value: Callable[[Facts], Value]
    label: str = ""
    counter: bool = False


def text() -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(facts()))
    return generate_latest(registry)


def facts() -> Facts:
    """Asks the guard, which asks core and media relay. What does not answer is missing, not zero."""
    try:
        told, status = dict(guard.ask("measures", 2.0)), dict(guard.ask("status", 1.0))
    except Refused:
        return Facts()
    return Facts(status, *(dict(told.get(part) or {}) for part in ("core", "media", "registrations", "calls")))


class _Collector:
    """What prometheus_client asks for the families."""

    def __init__(self, found: Facts) -> None:
        self._found = found

    def collect(self) -> Iterable[Metric]:
        for measure in MEASURES:
            value = measure.value(self._found)
            if value is not None:
                yield _family(measure, value)


def _family(measure: Measure, value: float | dict[str, float]) -> Metric:
    kind = CounterMetricFamily if measure.counter else GaugeMetricFamily
    family = kind(f"ringfence_{measure.name}", measure.help, labels=[measure.label] if measure.label else [])
    values = value if isinstance(value, dict) else {"": value}
    for label, number in values.items():
        family.add_metric([label] if measure.label else [], number)
    return family


def _core(name: str) -> Callable[[Facts], Value]:
    return lambda found: found.core.get(name)


def _media(name: str) -> Callable[[Facts], Value]:
    def value(found: Facts) -> Value:
        return float(found.media[name]) if name in found.media else None

    return value


def _status(name: str) -> Callable[[Facts], Value]:
    def value(found: Facts) -> Value:
        return float(found.status[name]) if name in found.status else None

    return value


def _up(found: Facts) -> Value:
    return {"guard": float(bool(found.status)), "core": float(bool(found.core)), "media": float(bool(found.media))}


def _requests(found: Facts) -> Value:
    begin = "core.rcv_requests_"
    return {name.removeprefix(begin).upper(): value for name, value in found.core.items() if name.startswith(begin)}


def _answers(found: Facts) -> Value:
    """Final answers that the core sent, to requests with and without a transaction."""
    kinds = [f"{kind}xx" for kind in range(2, 7)] if found.core else []
    sent = {kind: found.core.get(f"tmx.{kind}_transactions", 0) for kind in kinds}
    return {kind: count + found.core.get(f"sl.{kind}_replies", 0) for kind, count in sent.items()}


def _calls(found: Facts) -> Value:
    return dict(_named(found.calls)) if found.status else None


def _named(by_id: dict[str, int]) -> Iterator[tuple[str, float]]:
    ids = list(by_id)[:MOST_TENANTS]
    domains = {str(pk): domain for pk, domain in Tenant.objects.filter(pk__in=ids).values_list("pk", "domain")}
    for key in ids:
        yield domains.get(key, "none"), by_id[key]


def _registrations(found: Facts) -> Value:
    return dict(list(found.registrations.items())[:MOST_TENANTS]) if found.status else None


def _dropped(found: Facts) -> Value:
    return {name.removeprefix("dropped_"): count for name, count in found.status.get("kernel", {}).items()}


def _certificate(_: Facts) -> Value:
    found = certificate_now()
    return datetime.fromisoformat(str(found["not_after"])).timestamp() if found else None


def _backup(_: Facts) -> Value:
    try:
        return float(json.loads((places.PATHS.backups / "last.json").read_text(encoding="utf-8"))["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


MEASURES: Final = (
    Measure("build_info", "The version that runs.", lambda _: {__version__: 1}, "version"),
    Measure("collected_timestamp_seconds", "The clock of this server.", lambda _: time.time()),
    Measure("up", "Whether a part answers.", _up, "part"),
    Measure("registrations", "Addresses of record with a phone.", _registrations, "domain"),
    Measure("calls", "Calls that ring or are answered.", _calls, "domain"),
    Measure("tenants", "Tenants.", lambda _: Tenant.objects.count()),
    Measure("extensions", "Extensions.", lambda _: Extension.objects.count()),
    Measure("bans", "Bans in force.", _status("bans")),
    Measure("dropped_packets", "Packets that the kernel dropped, by reason.", _dropped, "reason", counter=True),
    Measure("alarms", "Alarms that stand.", _status("alarms")),
    Measure("challenged_sources", "Sources with a challenge that waits for an answer.", _status("challenged")),
    Measure("policy_version", "The version of the policy that the guard obeys.", _status("policy_version")),
    Measure("pending_changes", "Saved changes that are not in force yet.", lambda _: PendingPublish.objects.count()),
    Measure("journal_lost", "Events that the journal had no room for.", _status("journal_dropped"), counter=True),
    Measure("ruleset_reasserted", "Times somebody removed our rules.", _status("reasserted"), counter=True),
    Measure("sip_requests", "Requests that reached the core, by method.", _requests, "method", counter=True),
    Measure("sip_answers", "Final answers that the core sent, by class.", _answers, "class", counter=True),
    Measure("sip_transactions", "Transactions that the core works on.", _core("tmx.inuse_transactions")),
    Measure("sip_connections", "TCP, TLS and WebSocket connections.", _core("tcp.current_opened_connections")),
    Measure("sip_shared_memory_bytes", "Shared memory of the core in use.", _core("shmem.real_used_size")),
    Measure("sip_shared_memory_limit_bytes", "Shared memory of the core.", _core("shmem.total_size")),
    Measure("media_sessions", "Calls with media.", _media("sessionstotal")),
    Measure("media_packets", "Packets relayed.", _media("relayedpackets"), counter=True),
    Measure("media_bytes", "Bytes relayed.", _media("relayedbytes"), counter=True),
    Measure("media_errors", "Packets that could not be relayed.", _media("relayedpacketerrors"), counter=True),
    Measure("media_one_way", "Ended calls in which one side sent nothing.", _media("onewaystreams"), counter=True),
    Measure("certificate_expires_timestamp_seconds", "When the web certificate ends.", _certificate),
    Measure("backup_made_timestamp_seconds", "When the last backup was made.", _backup),
)
"""docs/metrics.md and deploy/grafana/ringfence.json are held against this table."""
