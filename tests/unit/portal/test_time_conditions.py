"""Time conditions in the portal: what workers get, and what is refused (reference: "Office Hours")."""

import pytest

from ringfence.policy import book
from ringfence.portal import publish
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import signed_in_browser

HOURS = [{"weekday": 0, "start": 480, "end": 1020}]


@pytest.fixture
def hours(site: Site) -> int:
    made: int = site.a.post("office-hours", tenant_id=site.tenants["a"], name="Day", spans=HOURS)["id"]
    return made


def wish(site: Site, hours: int) -> dict[str, object]:
    leads = {"in_hours": "extension:101", "out_of_hours": "voicemail:100"}
    return {"tenant_id": site.tenants["a"], "number": "700", "name": "Front desk", "office_hours_id": hours, **leads}


def test_a_condition_is_in_the_book_and_holds_its_hours(site: Site, hours: int) -> None:
    made = site.a.post("time-conditions", **wish(site, hours))
    assert publish.book().time_conditions == (
        book.TimeCondition(made["id"], "700@a.example", hours, "extension:101", "voicemail:100"),
    )
    site.a.call("PATCH", f"time-conditions/{made['id']}", {"out_of_hours": "100"})
    assert publish.book().time_conditions[0].out_of_hours == "extension:100"
    site.a.call("PATCH", f"time-conditions/{made['id']}", {"out_of_hours": "hang_up:"})
    assert publish.book().time_conditions[0].out_of_hours == "hang_up:"
    assert site.a.call("DELETE", f"office-hours/{hours}")[0] == 409
    assert site.a.call("DELETE", f"time-conditions/{made['id']}")[0] == 204
    assert site.a.call("DELETE", f"office-hours/{hours}")[0] == 204


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"number": "101"}, "number"),
        ({"number": "7x"}, "number"),
        ({"name": " "}, "name"),
        ({"in_hours": "sip:evil"}, "in_hours"),
        ({"in_hours": "+498912345"}, "in_hours"),
        ({"in_hours": "extension:999"}, "in_hours"),
        ({"out_of_hours": "time_condition:700"}, "out_of_hours"),
        ({"office_hours_id": 999}, "office_hours_id"),
    ],
)
def test_what_leads_nowhere_is_refused(site: Site, hours: int, change: dict[str, object], field: str) -> None:
    assert site.a.refusal("POST", "time-conditions", {**wish(site, hours), **change})["field"] == field


def test_hours_of_another_tenant_are_no_hours(site: Site, hours: int) -> None:
    foreign = {**wish(site, hours), "tenant_id": site.tenants["b"]}
    assert site.b.refusal("POST", "time-conditions", foreign)["field"] == "office_hours_id"


def test_hours_in_use_are_kept_and_the_answer_says_by_what(site: Site, hours: int) -> None:
    """Alone and among marked ones: neither is a fault of the system."""
    site.a.post("time-conditions", **wish(site, hours))
    assert "Front desk" in site.a.refusal("DELETE", f"office-hours/{hours}")["detail"]
    page = signed_in_browser("100@a.example")
    answer = page.post(f"/office-hours/{hours}/delete", secure=True, follow=True)
    assert b"Time conditions use these hours: Front desk" in answer.content
    page.post("/office-hours/bulk", {"action": "delete", "id": [str(hours)]}, secure=True)
    assert site.a.get("office-hours")["count"] == 1


def test_pages_make_change_and_delete_them(site: Site, hours: int) -> None:
    browser = signed_in_browser("100@a.example")
    assert browser.post("/time-conditions/new", wish(site, hours), secure=True).status_code == 302
    (row,) = site.a.get("time-conditions")["items"]
    assert b"Front desk" in browser.get("/time-conditions", secure=True).content
    page = f"/time-conditions/{row['id']}"
    assert browser.get(page, secure=True).status_code == 200
    assert browser.post(page, {**wish(site, hours), "in_hours": "x"}, secure=True).status_code == 422
    assert browser.post(page, {**wish(site, hours), "name": "Desk"}, secure=True).status_code == 302
    assert browser.post(f"{page}/delete", secure=True).status_code == 302
