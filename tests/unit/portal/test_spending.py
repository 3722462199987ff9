"""Rates, budgets and suspensions in the portal and over REST (attack case 111)."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ringfence.policy.outgoing.spend import decode_rate
from ringfence.portal import places
from ringfence.portal.actor import shell_actor
from ringfence.portal.problems import Refused
from ringfence.portal.spending.importing import replace_rates
from ringfence.portal.spending.models import Budget, Rate
from ringfence.store.reader import PolicyReader
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser

ANN = "extension:101@a.example"


def published(key: str) -> bytes | None:
    reader = PolicyReader(Path(places.POLICY))
    try:
        return reader.lookup(key)
    finally:
        reader.close()


def test_a_rate_is_in_force_when_it_is_saved_and_gone_when_it_is_deleted(site: Site) -> None:
    rate = site.admin.post("rates", prefix="4930", name="Berlin", price=0.019, fee=0.01, first=1, each=1)
    found = decode_rate(published("rate/4930") or b"")
    assert (found.price, found.fee, found.first, found.each) == (19_000, 10_000, 1, 1)
    site.admin.call("PATCH", f"rates/{rate['id']}", {"price": 0.02})
    assert decode_rate(published("rate/4930") or b"").price == 20_000
    site.admin.call("DELETE", f"rates/{rate['id']}")
    assert published("rate/4930") is None


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [("prefix", "+49", "rate.prefix"), ("prefix", "abc", "rate.prefix"), ("name", "a\nb", "rate.name")],
)
def test_a_bad_rate_names_its_field(site: Site, field: str, value: Any, rule: str) -> None:
    refused = site.admin.refusal("POST", "rates", {"prefix": "49", "price": 1, field: value})
    assert (refused["field"], refused["error_id"]) == (field, rule)


def test_the_same_prefix_twice_is_a_conflict(site: Site) -> None:
    site.admin.post("rates", prefix="49", price=1)
    assert site.admin.refusal("POST", "rates", {"prefix": "49", "price": 2})["status"] == 409


def test_a_file_replaces_all_rates_or_with_a_fault_none(site: Site) -> None:
    site.admin.post("rates", prefix="1", price=1)
    good = "prefix,name,price\n49,Germany,0.02\n+4930,Berlin,0.01\n"
    bad = "prefix,price\n49,0.02\nx,0.02\n49,abc\n49\n49,0.03\n"
    looked = replace_rates(shell_actor(), io.StringIO(good), dry_run=True)
    assert (looked.rows, looked.problem_count, Rate.objects.get().prefix) == (2, 0, "1")
    faulty = replace_rates(shell_actor(), io.StringIO(bad), dry_run=False)
    assert [(item.field, item.rule) for item in faulty.problems] == [
        ("line 3", "rate.prefix"), ("line 4", "import.number"), ("line 5", "import.cells"), ("line 6", "rate.repeated"),
    ]  # fmt: skip
    assert Rate.objects.get().prefix == "1"
    replace_rates(shell_actor(), io.StringIO(good), dry_run=False)
    assert list(Rate.objects.values_list("prefix", flat=True)) == ["49", "4930"]
    assert published("rate/1") is None
    assert decode_rate(published("rate/4930") or b"").name == "Berlin"


@pytest.mark.parametrize(
    "text",
    [
        "prefix;name;price\r\n49;Germany, fixed;0,02\r\n4930;Berlin;0,01\r\n",
        '\ufeff"prefix","name","price"\n"49","Germany, fixed","0.02"\n\n,,\n"4930","Berlin","0.01"\n',
        "price;prefix;name\n0.02;+49;Germany, fixed\n;;\n ,01;4930;Berlin",
    ],
)
def test_a_file_is_taken_as_spreadsheets_write_it(site: Site, text: str) -> None:
    outcome = replace_rates(shell_actor(), io.StringIO(text, newline=""), dry_run=False)
    assert outcome.problems == []
    found = [(row.prefix, row.name, row.price) for row in Rate.objects.order_by("prefix")]
    assert found == [("49", "Germany, fixed", 20_000), ("4930", "Berlin", 10_000)]


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("0049,1", "rate.prefix"), ("049,1", "rate.prefix"), ("4.9E+10,1", "rate.prefix"), (",1", "rate.prefix"),
        ("49,-1", "rate.money"), ("49,2e9", "rate.money"), ("49,1e999999", "import.number"), ("49,", "import.number"),
        ("49,NaN", "import.number"), ("49,Infinity", "import.number"), ('49,"1,50"', "import.number"),
        ("49,0.0000001", "import.number"),
    ],
)  # fmt: skip
def test_a_rate_that_could_never_count_or_is_no_amount_is_named_with_its_line(site: Site, line: str, rule: str) -> None:
    """Calls would be free where somebody believes that they are counted."""
    outcome = replace_rates(shell_actor(), io.StringIO(f"prefix,price\n44,1\n{line}\n"), dry_run=False)
    assert [(item.field, item.rule) for item in outcome.problems] == [("line 3", rule)]
    assert not Rate.objects.exists()


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "import.columns"), ("\n", "import.columns"), ("prefix,price\n", "import.empty"),
        ("prefix;price\n;\n", "import.empty"), ("a" * 1_000_000, "import.syntax"),
        ('prefix,price\n49,"1', "import.syntax"),
        ("prefix,price\n" + "4" * 1_000_000, "import.syntax"),
    ],
)  # fmt: skip
def test_a_file_without_rates_leaves_the_old_ones(site: Site, text: str, rule: str) -> None:
    site.admin.post("rates", prefix="1", price=1)
    with pytest.raises(Refused) as refused:
        replace_rates(shell_actor(), io.StringIO(text), dry_run=False)
    assert refused.value.problems[0].rule == rule
    assert Rate.objects.get().prefix == "1"


def test_a_file_is_taken_on_the_page(site: Site) -> None:
    client = browser()
    for button, count in (("check", 0), ("make", 1)):
        file = SimpleUploadedFile("rates.csv", b"\xef\xbb\xbfprefix,price\n49,0.02\n")
        answer = client.post("/rates/import", {"file": file, button: "1"}, secure=True)
        assert answer.status_code == 200
        assert Rate.objects.count() == count
    file = SimpleUploadedFile("rates.csv", b"prefix,price\nx,<script>\n")
    page = client.post("/rates/import", {"file": file, "make": "1"}, secure=True)
    assert b"line 2" in page.content
    assert Rate.objects.count() == 1


def test_a_budget_changes_only_what_is_given_and_reaches_the_guard(site: Site) -> None:
    budget = site.a.post("budgets", owner=ANN, minutes_per_day=5)
    stored = json.loads(published(f"budget/{ANN}") or b"")
    assert (stored["minutes_per_day"], stored["money_per_day"], stored["parallel_international"]) == (5, 20_000_000, 2)
    site.a.call("PATCH", f"budgets/{budget['id']}", {"money_per_day": None, "warning_percent": 50})
    stored = json.loads(published(f"budget/{ANN}") or b"")
    assert (stored["money_per_day"], stored["warning_percent"], stored["minutes_per_day"]) == (None, 50, 5)
    site.a.call("DELETE", f"budgets/{budget['id']}")
    assert published(f"budget/{ANN}") is None


@pytest.mark.parametrize(
    ("owner", "status"),
    [("tenant", 403), ("trunk:5", 403), ("extension:101@b.example", 404), ("somebody", 422), ("extension", 403)],
)
def test_a_tenant_sets_budgets_of_its_own_extensions_only(site: Site, owner: str, status: int) -> None:
    assert site.a.refusal("POST", "budgets", {"owner": owner, "minutes_per_day": 9})["status"] == status
    assert not Budget.objects.exists()


def test_budgets_above_extensions_are_set_from_above_the_tenants(site: Site) -> None:
    for owner in ("tenant", f"tenant:{site.tenants['a']}", "trunk:5", "extension"):
        assert site.admin.post("budgets", owner=owner, calls_per_minute=7)["calls_per_minute"] == 7
    assert site.admin.refusal("POST", "budgets", {"owner": "tenant:99999"})["status"] == 404


def test_a_suspension_is_lifted_by_the_guard_and_audited(site: Site) -> None:
    site.guard.answers["budgets.suspended"] = [
        {"owner": ANN, "tenant_id": site.tenants["a"], "since": 1.0, "measure": "manual", "evidence": {}},
        {"owner": "trunk:5", "tenant_id": None, "since": 1.0, "measure": "manual", "evidence": {}},
    ]
    site.guard.answers["budgets.lift"] = {"owner": ANN}
    assert [item["owner"] for item in site.a.get("suspensions")["items"]] == [ANN]
    assert site.a.refusal("POST", "suspensions/lift", {"owner": "trunk:5"})["status"] == 403
    assert site.b.refusal("POST", "suspensions/lift", {"owner": ANN})["status"] == 404
    site.a.call("POST", "suspensions/lift", {"owner": ANN})
    assert any(entry["action"] == "suspension.lifted" for entry in site.a.get("audit-log")["items"])


def test_the_pages_work_and_what_is_suspended_can_be_lifted_there(site: Site) -> None:
    site.guard.answers["budgets.suspended"] = [
        {
            "owner": ANN,
            "tenant_id": site.tenants["a"],
            "measure": "money_per_day",
            "evidence": {"used": 20, "limit": 20},
        }
    ]
    site.guard.answers["budgets.lift"] = {"owner": ANN}
    client = browser()
    assert (
        client.post(
            "/budgets/new",
            {"owner": ANN, "enabled": "on", "warning_percent": "80", "minutes_per_day": "3"},
            secure=True,
        ).status_code
        == 302
    )
    page = client.get("/budgets", secure=True).content.decode()
    assert "20 / 20" in page
    row = Budget.objects.get()
    assert client.get(f"/budgets/{row.pk}", secure=True).status_code == 200
    assert client.post("/budgets/lift", {"owner": ANN}, secure=True).status_code == 302
    assert client.post(f"/budgets/{row.pk}/delete", secure=True).status_code == 302
    wish = {"digits": "49", "price": "0.02", "fee": "0", "first": "60", "each": "60"}
    assert client.post("/rates/new", wish, secure=True).status_code == 302
    assert client.post("/rates/new", wish, secure=True).status_code == 422
    rate = Rate.objects.get()
    assert client.post(f"/rates/{rate.pk}", {**wish, "price": "0.03"}, secure=True).status_code == 302
    assert client.post(f"/rates/{rate.pk}/delete", secure=True).status_code == 302


@pytest.mark.parametrize(("price", "taken"), [("1000000", True), ("1000000.5", False), ("-1", False)])
def test_page_rest_and_file_have_one_highest_rate(site: Site, price: str, taken: bool) -> None:
    assert (site.admin.call("POST", "rates", {"prefix": "49", "price": float(price)})[0] == 201) is taken
    form = {"digits": "48", "price": price, "fee": "0", "first": "60", "each": "60"}
    assert (browser().post("/rates/new", form, secure=True).status_code == 302) is taken
    outcome = replace_rates(shell_actor(), ["prefix,price\n", f"47,{price}\n"], dry_run=True)
    assert (outcome.problem_count == 0) is taken
