"""Where a call from outside would lead, asked of the rules in force (reference: "Trunk Security")."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.unit.portal.rest import Rest, Site
from tests.unit.portal.test_inbound import pooled, rule
from tests.unit.portal.test_pages import browser


def asked(by: Rest, number: str = "+4930121", caller: str = "+4989777", **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = by.post("inbound-rules/explain", number=number, caller=caller, **more)
    return found


@pytest.fixture
def led(site: Site) -> Site:
    """A number of tenant a that leads to extension 100."""
    pooled(site)
    site.a.post("inbound-rules", **rule(site))
    return site


def test_a_number_rings_its_extension(led: Site) -> None:
    found = asked(led.a)
    assert (found["verdict"], found["rings"], found["code"]) == ("inbound.extension", ["100@a.example"], None)
    assert (found["inbound_rule"], found["destination"]) == ("Desk", "extension:100")
    assert (found["trunk"], found["caller"]) == ("Carrier +4930120", "+4989777")


def test_a_blocked_caller_is_told_with_what_blocks(led: Site) -> None:
    led.a.post("blocked-callers", tenant_id=led.tenants["a"], pattern="+4989*")
    found = asked(led.a)
    assert (found["verdict"], found["code"], found["blocked_by"]) == ("inbound.blocked", 603, "+4989*")
    assert asked(led.a, caller="+4940777")["verdict"] == "inbound.extension"
    led.a.post("blocked-callers", tenant_id=led.tenants["a"], pattern="anonymous")
    for withheld in ("", "Anonymous"):
        assert asked(led.a, caller=withheld)["verdict"] == "inbound.anonymous"


def test_a_number_without_a_rule_says_so(led: Site) -> None:
    found = asked(led.a, "+4930122")
    assert (found["verdict"], found["code"], found["inbound_rule"]) == ("inbound.number", 404, "")
    assert "no inbound rule" in found["sentence"]


def test_a_trunk_that_is_switched_off_takes_no_call(led: Site) -> None:
    trunk = asked(led.a)["trunk_id"]
    led.admin.call("PATCH", f"trunks/{trunk}", {"enabled": False})
    assert asked(led.a)["verdict"] == "inbound.tenant"


def test_forwards_and_do_not_disturb_are_followed(led: Site) -> None:
    path = f"users/{led.a.get('users')['items'][0]['id']}/calling"
    led.a.call("PATCH", path, {"do_not_disturb": True})
    assert asked(led.a)["verdict"] == "forward.do_not_disturb"
    led.a.call("PATCH", path, {"do_not_disturb": False, "forward_always": "9999"})
    led.admin.post("emergency-numbers", tenant_id=led.tenants["a"], number="9999")
    found = asked(led.a)
    assert (found["verdict"], found["leaves_to"]) == ("forward.emergency", "")
    assert found["forwarded_by"] == ["100@a.example"]


def test_another_moment_may_lead_elsewhere(site: Site) -> None:
    """A time condition is asked for the moment that is named."""
    pooled(site)
    monday = {"weekday": 0, "start": 540, "end": 1020}
    hours = site.a.post("office-hours", tenant_id=site.tenants["a"], name="Day", spans=[monday])["id"]
    site.a.post("time-conditions", tenant_id=site.tenants["a"], number="650", name="Day", office_hours_id=hours,
                in_hours="extension:100", out_of_hours="hang_up:")  # fmt: skip
    site.a.post("inbound-rules", **rule(site, destination="time_condition:650"))
    assert asked(site.a, at="2026-11-23T12:00+00:00")["rings"] == ["100@a.example"]
    assert asked(site.a, at="2026-11-24T12:00+00:00")["verdict"] == "route.hang_up"
    refusal = site.a.refusal("POST", "inbound-rules/explain", {"number": "+4930121", "at": "soon"})
    assert refusal["field"] == "at"


def test_nobody_asks_about_another_tenant_s_numbers(led: Site) -> None:
    """Numbers of others look like numbers of nobody."""
    theirs = led.b.refusal("POST", "inbound-rules/explain", {"number": "+4930121"})
    nobodys = led.b.refusal("POST", "inbound-rules/explain", {"number": "+4999999"})
    assert (theirs["status"], theirs["field"]) == (404, "number")
    assert theirs["detail"] == nobodys["detail"]


def test_the_page_and_the_command_answer_alike(led: Site) -> None:
    client = browser()
    found = client.get("/inbound-rules/explain?number=%2B4930121&caller=%2B4989777", secure=True).content.decode()
    assert "100@a.example" in found
    part = client.get("/inbound-rules/explain?number=%2B4930121", secure=True, headers={"HX-Request": "true"})
    assert "<html" not in part.content.decode()
    assert client.get("/inbound-rules/explain?number=1", secure=True).status_code == 422
    printed = StringIO()
    call_command("explaininbound", "+4930121", "--caller", "+4989777", stdout=printed)
    assert "[inbound.extension]" in printed.getvalue()
    assert "Rings: 100@a.example" in printed.getvalue()
    with pytest.raises(CommandError, match="number pool"):
        call_command("explaininbound", "1")
