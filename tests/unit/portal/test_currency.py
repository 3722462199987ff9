"""Money has a currency: one for the system, named where rates are and shown wherever an amount stands."""

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone, translation

from ringfence.policy.events import Kind
from ringfence.portal.actor import shell_actor
from ringfence.portal.calls.models import CallRecord
from ringfence.portal.notices.topics import summary
from ringfence.portal.spending.currency import cost_of
from ringfence.portal.spending.importing import replace_rates
from ringfence.portal.spending.models import Budget
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser

ANN = "extension:101@a.example"
RATES = "prefix,price,currency\n49,0.02,{}\n"


def a_call(site: Site, **more: Any) -> CallRecord:
    now = timezone.now()
    who = {"tenant_id": site.tenants["a"], "caller": "101@a.example", "dialled": "030901820"}
    return CallRecord.objects.create(
        call_id="c1", **who, started_at=now, answered_at=now, ended_at=now, code=200, cost=34_600, rate="Berlin", **more
    )


def shown(path: str) -> str:
    return browser().get(path, secure=True).content.decode().replace("\xa0", " ")


def test_it_stands_beside_every_amount(site: Site) -> None:
    record = a_call(site)
    site.admin.post("rates", prefix="49", price=0.019, fee=0.5)
    site.admin.post("budgets", owner=ANN, money_per_day=7)
    assert "0.0346" in shown("/cdrs") and "EUR" not in shown("/cdrs")
    assert site.admin.call("PATCH", "settings/currency", {"currency": "eur"})[1] == {"currency": "EUR"}
    assert "0.0346 EUR" in shown("/cdrs")
    assert "0.0346 EUR Berlin" in shown(f"/cdrs/{record.pk}")
    rates = shown("/rates")
    assert "0.019 EUR" in rates and "0.50 EUR" in rates
    budgets = shown("/budgets")
    assert "7.00 EUR" in budgets and "20.00 EUR a day" in budgets
    entry = next(one for one in site.admin.get("audit-log")["items"] if one["action"] == "currency.changed")
    assert entry["changes"]["currency"] in (["", "EUR"], {"old": "", "new": "EUR"})


def test_what_is_no_currency_is_refused_at_its_field_and_stays_as_typed(site: Site) -> None:
    page = browser().post("/rates/currency", {"currency": "Euro"}, secure=True)
    assert page.status_code == 422
    assert 'value="Euro"' in page.content.decode() and "three letters of ISO 4217" in page.content.decode()
    refused = site.admin.refusal("PATCH", "settings/currency", {"currency": "E1R"})
    assert (refused["field"], refused["error_id"]) == ("currency", "currency.code")
    assert browser().post("/rates/currency", {"currency": " usd "}, secure=True).status_code == 302
    assert site.admin.get("settings/currency") == {"currency": "USD"}


def test_a_file_of_calls_has_what_they_cost_and_not_millionths_of_it(site: Site) -> None:
    """The column said 34600 where the page said 0.0346."""
    a_call(site)
    site.admin.call("PATCH", "settings/currency", {"currency": "EUR"})
    answer = browser().get("/cdrs?format=csv", secure=True)
    lines = b"".join(answer).decode().splitlines()
    row = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert (row["cost"], row["currency"]) == ("0.0346", "EUR")


@pytest.mark.parametrize(
    ("ours", "theirs", "faults"), [("EUR", "EUR", 0), ("EUR", "", 0), ("", "", 0), ("EUR", "USD", 1), ("", "USD", 1)]
)
def test_rates_of_another_currency_are_not_taken_as_if_they_were_ours(
    site: Site, ours: str, theirs: str, faults: int
) -> None:
    site.admin.call("PATCH", "settings/currency", {"currency": ours})
    assert replace_rates(shell_actor(), io.StringIO(RATES.format(theirs)), dry_run=True).problem_count == faults


def test_the_exported_rates_can_be_imported_again(site: Site) -> None:
    site.admin.post("rates", prefix="49", price=0.019)
    site.admin.call("PATCH", "settings/currency", {"currency": "EUR"})
    answer = browser().get("/rates?format=csv", secure=True)
    text = b"".join(answer).decode()
    assert replace_rates(shell_actor(), io.StringIO(text), dry_run=True).problem_count == 0


def test_an_amount_is_written_as_its_readers_write_it() -> None:
    with translation.override("de"):
        assert cost_of(1_234_500_000, "EUR").replace(".", "") == "1234,50\xa0EUR"


def test_who_sets_one_limit_keeps_the_others(site: Site) -> None:
    """A new budget with nothing but its money lifted the limits of minutes, calls and countries."""
    wish = {"owner": ANN, "enabled": "on", "warning_percent": "80", "money_per_day": "5"}
    assert browser().post("/budgets/new", wish, secure=True).status_code == 302
    row = Budget.objects.get()
    assert (row.money_per_day, row.minutes_per_day, row.calls_per_minute) == (5_000_000, 300, 10)
    without = {"enabled": "on", "warning_percent": "80", "money_per_day": "5"}
    assert browser().post(f"/budgets/{row.pk}", without, secure=True).status_code == 302
    assert Budget.objects.get().minutes_per_day is None


def test_notices_and_the_command_line_name_it(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.admin.call("PATCH", "settings/currency", {"currency": "EUR"})
    spent = {"owner": ANN, "measure": "money_per_day", "used": 5.1, "limit": 5.0}
    assert summary(Kind.BUDGET_WARNED, spent) == f"{ANN} has used 5.10 EUR of 5.00 EUR (money a day)"
    assert "money a day, 5.10 EUR of 5.00 EUR;" in summary(Kind.OUTSIDE_SUSPENDED, spent)
    talked = {"owner": ANN, "measure": "minutes_per_day", "used": 60.0, "limit": 60}
    assert summary(Kind.BUDGET_WARNED, talked) == f"{ANN} has used 60.0 of 60 (minutes a day)"
    by_hand = {"owner": ANN, "measure": "manual"}
    assert "are suspended: manual, - of -;" in summary(Kind.OUTSIDE_SUSPENDED, by_hand)
    call_command("currency")
    assert capsys.readouterr().out == "EUR\n"
