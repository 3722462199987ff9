"""The pages Codes and E164, Office Hours and Outbound Rules (reference: "Call Control and Fraud Prevention")."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from ringfence.portal.outbound.models import (
    AllowedCountry,
    DisallowedCode,
    EmergencyNumber,
    NumberPlan,
    OfficeHours,
    OutboundRule,
)
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import signed_in_browser
from tests.unit.portal.test_pages import browser


@pytest.fixture(autouse=True)
def trunk_to_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ringfence.portal.outbound.changes.trunks_of", lambda tenant: [(1, "Provider")])


def post(client: Client, path: str, **said: object) -> tuple[int, str]:
    answer = client.post(path, said, secure=True)
    return answer.status_code, answer.content.decode()


@pytest.fixture
def page(site: Site) -> Client:
    return signed_in_browser("100@a.example")


def test_codes_are_kept_on_one_page(page: Client) -> None:
    assert post(page, "/codes", country="de", area_code="30", permitted=["premium"], emergency_trunks=[1])[0] == 302
    row = NumberPlan.objects.get()
    assert (row.country, row.area_code, row.permitted, row.emergency_trunks) == ("DE", "30", ["premium"], [1])
    shown = page.get("/codes", secure=True).content.decode()
    assert "110, 112" in shown


def test_a_tenant_without_a_country_is_told_before_somebody_needs_110(site: Site, page: Client) -> None:
    """Trunk and rule stood there, and each call was 404; nothing led to the number plan (reference: E164)."""
    told = "Tenant a has no country yet"
    assert told not in page.get("/outbound-rules", secure=True).content.decode()
    site.a.post("outbound-rules", tenant_id=site.tenants["a"], name="Out", order=1, routes=[{"trunk_id": 1}])
    shown = page.get("/outbound-rules", secure=True).content.decode()
    assert told in shown and f'href="/codes?tenant={site.tenants["a"]}"' in shown
    assert told not in signed_in_browser("100@b.example").get("/outbound-rules", secure=True).content.decode()
    for number in ("110", "030901820", "+4930901820"):
        asked = {"caller": "100@a.example", "number": number}
        assert "has no country" in site.a.post("outbound-rules/explain", **asked)["sentence"], number
    assert post(page, "/codes", country="de", area_code="30")[0] == 302
    assert told not in page.get("/outbound-rules", secure=True).content.decode()
    assert site.a.post("outbound-rules/explain", caller="100@a.example", number="110")["emergency"]


def test_the_page_says_who_adds_emergency_numbers(page: Client) -> None:
    status, shown = post(page, "/codes/emergency/new", number="11880")
    assert status in (403, 422)
    assert "from above the tenants" in shown
    assert not EmergencyNumber.objects.exists()


LISTS = (
    ("countries", AllowedCountry, ("gb", "fr"), "country"),
    ("disallowed", DisallowedCode, ("0900", "0180"), "prefix"),
    ("emergency", EmergencyNumber, ("19222", "19240"), "number"),
)


@pytest.mark.parametrize(("name", "model", "values", "field"), LISTS)
def test_each_list_of_codes_is_a_table_like_all_others(
    site: Site, page: Client, name: str, model: type[AllowedCountry], values: tuple[str, str], field: str
) -> None:
    """Issue "people", 7: search, order, export and what is done to marked rows."""
    path = f"/codes/{name}"

    def add(value: str) -> None:
        if name == "emergency":  # from above the tenants
            site.admin.post("emergency-numbers", tenant_id=site.tenants["a"], number=value)
        else:
            assert post(page, f"{path}/new", **{field: value})[0] == 302

    for value in values:
        add(value)
    first, second = sorted(value.upper() for value in values)
    shown = page.get(path, secure=True).content.decode()
    assert shown.index(f'<td class="mono">{first}') < shown.index(f'<td class="mono">{second}')
    turned = page.get(f"{path}?sort=-code", secure=True).content.decode()
    assert turned.index(f'<td class="mono">{second}') < turned.index(f'<td class="mono">{first}')
    found = page.get(f"{path}?search={first.lower()}", secure=True).content.decode()
    assert f'<td class="mono">{first}' in found and f'<td class="mono">{second}' not in found
    exported = page.get(f"{path}?format=csv", secure=True)
    text = b"".join(exported.streaming_content) if exported.streaming else exported.content  # type: ignore[attr-defined]
    assert [line.split(",")[0].strip('"') for line in text.decode().split()[1:]] == [first, second]
    rows = list(model.objects.values_list("pk", flat=True))
    assert page.post(f"{path}/bulk", {"action": "delete", "id": rows}, secure=True).status_code == 302
    assert not model.objects.exists()
    add(values[0])
    assert post(page, f"{path}/{model.objects.get().pk}/delete")[0] == 302
    assert not model.objects.exists()


def test_there_are_no_other_lists_of_codes(page: Client) -> None:
    assert [page.get(f"/codes/others{end}", secure=True).status_code for end in ("", "/new")] == [404, 404]


def test_a_wrong_code_says_why_where_it_was_typed(page: Client) -> None:
    status, shown = post(page, "/codes/countries/new", country="XX")
    assert (status, "is no country" in shown) == (422, True)


def test_office_hours_are_typed_as_people_write_them(page: Client) -> None:
    said = {"name": "Day", "spans": "Mo-We 08:00-17:30\nSa-Su 22:00-06:00", "closed": "--12-24", "is_general": "on"}
    assert post(page, "/office-hours/new", **said)[0] == 302
    row = OfficeHours.objects.get()
    assert row.spans == [[day, 480, 1050] for day in range(3)] + [[5, 1320, 360], [6, 1320, 360]]
    shown = page.get(f"/office-hours/{row.pk}", secure=True).content.decode()
    assert "Sa 22:00-06:00" in shown
    assert post(page, "/office-hours/new", name="x", spans="sometimes")[0] == 422
    assert post(page, f"/office-hours/{row.pk}/delete")[0] == 302
    assert not OfficeHours.objects.exists()


def test_a_rule_is_made_changed_and_deleted(page: Client) -> None:
    said = {"name": "Local", "order": 5, "enabled": "on", "prefixes": "030;+49", "callers": "101-110",
            "availability": "always", "trunk_1": 1, "strip_1": 1, "prepend_1": "00", "cost_1": "1.5"}  # fmt: skip
    assert post(page, "/outbound-rules/new", **said) == (302, "")
    row = OutboundRule.objects.get()
    assert (row.prefixes, row.callers) == (["030", "+49"], ["101-110"])
    assert row.routes == [{"trunk_id": 1, "strip": 1, "prepend": "00", "caller_number": "", "cost": 1.5}]
    listed = page.get("/outbound-rules", secure=True).content.decode()
    assert "Local" in listed
    assert "030;+49" in page.get(f"/outbound-rules/{row.pk}", secure=True).content.decode()
    status, shown = post(page, f"/outbound-rules/{row.pk}", **{**said, "trunk_1": ""})
    assert (status, "without one no call can leave" in shown) == (422, True)
    assert post(page, f"/outbound-rules/{row.pk}/delete")[0] == 302
    assert not OutboundRule.objects.exists()


def test_the_page_and_the_command_say_which_rule_a_call_takes(page: Client) -> None:
    asked = "/outbound-rules/explain?caller=100@a.example&number=112"
    assert "emergency number" in page.get(asked, secure=True).content.decode()
    part = page.get(asked, secure=True, headers={"HX-Request": "true"}).content.decode()
    assert "outbound.emergency" in part
    assert "<html" not in part
    printed = StringIO()
    call_command("explain", "100@a.example", "112", stdout=printed)
    assert "[outbound.emergency]" in printed.getvalue()
    assert page.get("/outbound-rules/explain?caller=x&number=1", secure=True).status_code == 422
    refused = page.get("/outbound-rules/explain?caller=x&number=1", secure=True, headers={"HX-Request": "true"})
    assert refused.status_code == 200  # htmx shows nothing that is no success
    assert b"There is no such extension." in refused.content


def test_a_caller_is_named_by_the_number_alone_where_one_tenant_has_it(page: Client) -> None:
    asked = "/outbound-rules/explain?caller=100&number=112"
    assert "emergency number" in page.get(asked, secure=True).content.decode()
    assert "More than one tenant" in browser().get(asked, secure=True).content.decode()


def test_pages_of_another_tenant_do_not_exist(site: Site) -> None:
    row = OutboundRule.objects.create(tenant_id=site.tenants["b"], name="Theirs", order=1)
    client = signed_in_browser("100@a.example")
    assert client.get(f"/outbound-rules/{row.pk}", secure=True).status_code == 404
    assert client.get(f"/codes?tenant={site.tenants['b']}", secure=True).status_code == 404
    assert "Theirs" not in client.get("/outbound-rules", secure=True).content.decode()


def test_the_page_has_as_many_routes_as_rest(site: Site, page: Client) -> None:
    """It had four rows, of the ten that REST takes; one more appears where the last one is used."""
    empty = page.get("/outbound-rules/new", secure=True).content.decode()
    assert 'name="trunk_4"' in empty and 'name="trunk_5"' not in empty
    path = f"outbound-rules/{site.a.post('outbound-rules', **_rule_with(site, 4))['id']}"
    assert 'name="trunk_5"' in page.get(f"/{path}", secure=True).content.decode()
    said = {"name": "Out", "order": 1, "availability": "always"}
    said |= {f"trunk_{number}": 1 for number in range(1, 11)} | {f"cost_{number}": number for number in range(1, 11)}
    assert post(page, f"/{path}", **said) == (302, "")
    assert [one["cost"] for one in site.a.get(path)["routes"]] == list(range(1, 11))
    shown = page.get(f"/{path}", secure=True).content.decode()
    assert 'name="trunk_10"' in shown and 'name="trunk_11"' not in shown
    assert post(page, f"/{path}", **{**said, "trunk_10": ""}) == (302, "")
    assert len(site.a.get(path)["routes"]) == 9


def _rule_with(site: Site, routes: int) -> dict[str, Any]:
    return {"tenant_id": site.tenants["a"], "name": "Out", "order": 1, "routes": [{"trunk_id": 1}] * routes}


def test_a_verdict_is_told_in_words_with_its_id_beside(page: Client) -> None:
    shown = page.get("/outbound-rules/explain?caller=100@a.example&number=112", secure=True).content.decode()
    assert 'an emergency number <span class="mono text-secondary text-break">outbound.emergency</span>' in shown
