"""Metrics of every part, the dashboard drawn from them, and what a load balancer asks."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from ringfence.portal.system import health
from ringfence.portal.system.metrics import MEASURES
from tests.unit.portal.rest import Rest, Site

ROOT = Path(__file__).parents[3]
DASHBOARD = ROOT / "deploy" / "grafana" / "ringfence.json"
TOLD = {
    "core": {"core.rcv_requests_invite": 7, "tmx.2xx_transactions": 5, "sl.2xx_replies": 2, "shmem.total_size": 100},
    "media": {"sessionstotal": 3, "relayedpackets": 1234},
    "registrations": {"a.example": 2},
    "calls": {},
}
STATUS = {"bans": 4, "kernel": {"dropped_banned": 9}, "alarms": 0}


def collected(site: Site) -> dict[tuple[str, str], float]:
    headers = {"Authorization": f"Bearer {site.admin.token}"}
    answer: Any = site.admin.client.get("/api/v1/metrics", headers=headers, secure=True)
    assert answer.status_code == 200
    assert answer["Content-Type"].startswith("text/plain; version=0.0.4")
    samples = [item for family in text_string_to_metric_families(answer.content.decode()) for item in family.samples]
    return {(item.name, next(iter(item.labels.values()), "")): item.value for item in samples}


def test_every_part_is_in_the_metrics(site: Site) -> None:
    site.guard.answers |= {"measures": {**TOLD, "calls": {str(site.tenants["a"]): 1}}, "status": STATUS}
    found = collected(site)
    assert found["ringfence_up", "core"] == found["ringfence_up", "media"] == found["ringfence_up", "guard"] == 1
    assert found["ringfence_calls", "a.example"] == 1
    assert found["ringfence_registrations", "a.example"] == 2
    assert found["ringfence_sip_requests_total", "INVITE"] == 7
    assert found["ringfence_sip_answers_total", "2xx"] == 7
    assert found["ringfence_media_packets_total", ""] == 1234
    assert found["ringfence_dropped_packets_total", "banned"] == 9
    assert found["ringfence_bans", ""] == 4
    assert found["ringfence_tenants", ""] == 2


def test_what_does_not_answer_is_missing_and_not_zero(site: Site) -> None:
    site.guard.stop()
    found = collected(site)
    assert found["ringfence_up", "core"] == 0
    assert not [name for name, _ in found if name in ("ringfence_calls", "ringfence_bans", "ringfence_media_sessions")]


def test_metrics_are_not_for_tenants(site: Site) -> None:
    assert site.a.refusal("GET", "metrics")["status"] == 403
    assert Rest().refusal("GET", "metrics")["status"] == 401


def test_names_are_what_prometheus_wants() -> None:
    """Lowercase, without the ending of a counter, which is added."""
    names = [measure.name for measure in MEASURES]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) and not name.endswith("_total") for name in names)


def exposed() -> set[str]:
    return {f"ringfence_{item.name}{'_total' if item.counter else ''}" for item in MEASURES}


def test_the_dashboard_draws_only_what_there_is() -> None:
    queries = [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"] for target in panel["targets"]]
    used = {name for query in queries for name in re.findall(r"ringfence_\w+", query)}
    assert used
    assert used <= exposed()


def test_the_page_of_metrics_has_them_all() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text()
    assert set(re.findall(r"`(ringfence_\w+)`", page)) == exposed()


@pytest.mark.parametrize(("told", "status"), [(TOLD, 200), ({**TOLD, "core": {}}, 503), (None, 503)])
def test_a_load_balancer_hears_whether_it_can_be_used(
    site: Site, monkeypatch: pytest.MonkeyPatch, told: Any, status: int
) -> None:
    monkeypatch.setattr(health, "_last", (float("-inf"), False))
    if told is None:
        site.guard.stop()
    else:
        site.guard.answers["measures"] = told
    answer = Client().get("/healthz", secure=True)
    assert answer.status_code == status
    assert b"guard" not in answer.content
