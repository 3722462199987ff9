"""The doctor over REST and on its page: what it finds in a real configuration, what it mends, what it remembers."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from ringfence.doctor.table import MENDED_BY_PORTAL
from ringfence.portal import places
from ringfence.portal.audit.models import Entry
from ringfence.portal.doctor import history
from ringfence.portal.doctor.fixes import FIXES
from ringfence.portal.doctor.models import Examination
from ringfence.portal.people.models import Extension
from tests.unit.doctor.planted import HOST
from tests.unit.portal.fakeguard import FakeGuard
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser
from tests.unit.portal.web_access_state import STATE


@pytest.fixture(autouse=True)
def web(site: Site) -> Iterator[FakeGuard]:
    socket = places.PATHS.web_access_socket
    socket.parent.mkdir(parents=True, exist_ok=True)
    fake = FakeGuard(socket)
    fake.answers |= {"web.show": {**STATE, "redirect_80": True}, "web.listen": STATE}
    fake.start()
    yield fake
    fake.stop()


@pytest.fixture
def inspector(site: Site) -> Iterator[FakeGuard]:
    socket = places.PATHS.inspector_socket
    socket.parent.mkdir(parents=True, exist_ok=True)
    fake = FakeGuard(socket)
    fake.answers |= {"host.show": {**asdict(HOST), "ssh": {"ports": [22], "password_login": True, "root_login": "yes"}}}
    fake.start()
    yield fake
    fake.stop()


def ids(told: dict[str, Any]) -> set[str]:
    return {finding["id"] for finding in told["findings"]}


def test_what_is_weak_in_the_configuration_is_named(site: Site) -> None:
    """Reference, whole guide; the inspector is down, so nothing is said about the host."""
    tenant = site.tenants["a"]
    site.admin.call("PATCH", "settings/security", {"web_login_enabled": False, "web_audit_retention": 5})
    site.admin.post("trunks", name="Carrier", kind="address", sources=[{"cidr": "203.0.113.0/24", "port": 0}])
    site.admin.post("ip-filters", cidr="11.0.0.0/8", target="allow")
    site.admin.call("PATCH", f"tenants/{tenant}/number-plan", {"country": "DE", "permitted": ["premium"]})
    person = site.users["101@a.example"]
    site.admin.call("POST", f"users/{person}/sip-secret", {"sip_secret": "Tulip-River-Candle9"})
    Extension.objects.filter(number="100").update(secret_changed_at=timezone.now() - timedelta(days=500))
    told = site.admin.get("doctor")
    wanted = {
        "people.login_protection", "hacking.audit_kept", "trunks.open_addresses", "trunks.concurrent_calls",
        "trunks.plain", "hacking.wide_allow_entries", "people.weak_secrets", "people.stale_secrets",
        "people.administrators_second_factor", "people.well_known_name", "people.second_factor_not_required",
        "sip.default_ports", "sip.plain", "web.redirects", "web.certificate_self_signed", "web.open_administration",
        "web.exposed_portal", "calls.tenant_limits", "calls.costly_numbers",
    }  # fmt: skip
    assert wanted <= ids(told)
    assert {item["id"] for item in told["unasked"]} >= {"host.ssh_port", "host.firewall"}
    evidence = " ".join(sentence for finding in told["findings"] for sentence in finding["evidence"])
    assert "101@a.example" in evidence
    assert "Tulip" not in json.dumps(told)


def test_the_host_is_asked_and_compared_with_the_plan(site: Site, inspector: FakeGuard) -> None:
    told = site.admin.get("doctor")
    assert {"host.ssh_port", "host.ssh_passwords", "host.ssh_root"} <= ids(told)
    assert told["unasked"] == []
    verb, args = inspector.asked[-1]
    assert verb == "host.show"
    assert "redirect-80" in {opening["key"] for opening in args["plan"]}


def test_nonsense_from_the_inspector_is_no_fact(site: Site, inspector: FakeGuard) -> None:
    inspector.answers["host.show"] = {"now": "yesterday"}
    assert "host.ssh_port" in {item["id"] for item in site.admin.get("doctor")["unasked"]}


@pytest.mark.parametrize("check_id", sorted(MENDED_BY_PORTAL))
def test_everything_that_can_be_mended_is_mended_and_audited(site: Site, web: FakeGuard, check_id: str) -> None:
    weak = {
        "web_login_enabled": False, "web_change_first_password": False, "web_session_lifetime": 30 * 86_400,
        "level_1_enabled": False, "failed_authentication_limit": 5_000, "web_audit_retention": 5,
        "blocked_user_agents_enabled": False,
    }  # fmt: skip
    site.admin.call("PATCH", "settings/security", weak)
    for tenant in site.tenants.values():
        site.admin.call("PATCH", f"password-policy?tenant_id={tenant}", {"common": False, "sequence": False})
    web.answers["web.show"] = {**STATE, "redirect_80": True, "provisioning_http": True}
    assert check_id in ids(site.admin.get("doctor"))
    if check_id.startswith("web."):
        web.answers["web.show"] = STATE
    status, told = site.admin.call("POST", f"doctor/fixes/{check_id}")
    assert (status, check_id in ids(told)) == (200, False)
    assert Entry.objects.filter(action="doctor.fixed", object_id=check_id).count() == 1


def test_what_breaks_something_is_not_mended_by_a_click(site: Site) -> None:
    assert set(FIXES) == MENDED_BY_PORTAL
    for check_id in ("people.stale_secrets", "nonsense"):
        refused = site.admin.refusal("POST", f"doctor/fixes/{check_id}")
        assert (refused["status"], refused["error_id"]) == (404, "object.not_found")


def test_results_are_kept_once_a_day_and_not_for_ever(site: Site) -> None:
    assert (history.keep_daily(), history.keep_daily()) == (1, 0)
    Examination.objects.update(at=timezone.now() - timedelta(days=401))
    kept = site.admin.post("doctor/examinations")
    assert kept["score"] == site.admin.get("doctor")["score"]
    page = site.admin.get("doctor/examinations")
    assert (page["count"], page["items"][0]["id"]) == (1, kept["id"])
    assert history.plot()["scores"] == [kept["score"]]


def test_the_page_shows_findings_and_mends_them(site: Site) -> None:
    site.admin.call("PATCH", "settings/security", {"web_login_enabled": False})
    person = browser()
    page = person.get("/doctor", secure=True).content.decode()
    assert 'id="people.login_protection"' in page
    assert person.get("/doctor/scores.json", secure=True).json()["series"][0]["values"] == []
    person.post("/doctor/keep", secure=True)
    assert person.get("/doctor/scores.json", secure=True).json()["series"][0]["values"] != []
    assert person.post("/doctor/fix/people.login_protection", secure=True).status_code == 302
    assert 'id="people.login_protection"' not in person.get("/doctor", secure=True).content.decode()


def test_the_command_takes_the_host_and_gives_the_configuration(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `ringfence doctor` asks of the portal."""
    monkeypatch.setattr("sys.stdin", StringIO(json.dumps(asdict(HOST))))
    out = StringIO()
    call_command("doctor", stdout=out)
    assert json.loads(out.getvalue())["transports"]
    assert Examination.objects.count() == 1
    site.admin.call("PATCH", "settings/security", {"web_login_enabled": False})
    call_command("doctor", "--fix", "people.login_protection", stdout=out)
    assert site.admin.get("settings/security")["web_login_enabled"] is True
