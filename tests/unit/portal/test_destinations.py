"""Where calls are led to exists when it is chosen: on pages, in REST and by codes of phones alike.

3CX offers a list to choose from; here a number is typed, and 700 for 701 rang nowhere without a word.
"""

from typing import Any

import pytest

from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import signed_in_browser

HOURS = [{"weekday": 0, "start": 480, "end": 1020}]


@pytest.fixture
def own(site: Site) -> dict[str, Any]:
    """A tenant in Germany with numbers, hours and a ring group 600."""
    tenant = site.tenants["a"]
    trunk = site.admin.post("trunks", name="C", kind="address", sources=[{"cidr": "203.0.113.1", "port": 0}],
                            hosts=[{"host": "203.0.113.1", "port": 5060}])["id"]  # fmt: skip
    site.admin.post("number-pools", tenant_id=tenant, trunk_id=trunk, first="+4930100", last="+4930199")
    site.admin.call("PATCH", f"tenants/{tenant}/number-plan", {"country": "DE"})
    hours = site.a.post("office-hours", tenant_id=tenant, name="Day", spans=HOURS)["id"]
    site.a.post("ring-groups", tenant_id=tenant, number="600", name="All", members=["100"])
    return {"tenant_id": tenant, "hours": hours}


@pytest.mark.parametrize(
    ("leads_to", "why"),
    [
        ("extension:777", "The tenant has no extension 777."),
        ("voicemail:777", "The tenant has no extension 777."),
        ("ring_group:601", "The tenant has no ring group 601."),
        ("announcement:600", "The tenant has no announcement 600."),
        ("time_condition:600", "The tenant has no time condition 600."),
        ("777", "Nobody here has the number 777."),
        ("desk", "Write where it leads"),
    ],
)
def test_a_rule_and_a_condition_lead_to_what_is_there(site: Site, own: dict[str, Any], leads_to: str, why: str) -> None:
    tenant = own["tenant_id"]
    rule = {"tenant_id": tenant, "name": "Main", "first": "+4930100", "destination": leads_to}
    assert why in site.a.refusal("POST", "inbound-rules", rule)["detail"]
    wish = {"tenant_id": tenant, "number": "700", "name": "Day", "office_hours_id": own["hours"],
            "in_hours": "hang_up:", "out_of_hours": leads_to}  # fmt: skip
    refused = site.a.refusal("POST", "time-conditions", wish)
    assert (refused["field"], why in refused["detail"]) == ("out_of_hours", True)
    page = signed_in_browser("100@a.example").post("/inbound-rules/new", rule, secure=True)
    assert (page.status_code, why in page.content.decode()) == (422, True)


@pytest.mark.parametrize(
    ("number", "rule"),
    [
        ("777", "forward.nobody"),  # as long as an extension, and nobody's
        ("*99777", "destination.nobody"),
        ("*99", "destination.nobody"),
        ("+49301", "forward.nobody"),  # too short to be one
        ("+49301234567", ""),
        ("030901820", ""),
        ("115", ""),  # a short code of the country, though as long as an extension
        ("100", ""),
        ("600", ""),
        ("*99100", ""),
        ("*97", ""),
    ],
)
def test_a_forward_and_a_ring_group_lead_to_somebody(site: Site, own: dict[str, Any], number: str, rule: str) -> None:
    status, answer = site.a.call("PATCH", f"users/{site.users['101@a.example']}/calling", {"forward_busy": number})
    assert (status, answer.get("error_id", "")) == ((422, rule) if rule else (200, ""))
    group = {"tenant_id": own["tenant_id"], "number": "610", "name": "G", "members": ["100"], "otherwise": number}
    status, answer = site.a.call("POST", "ring-groups", group)
    assert (status, answer.get("error_id", "")) == ((422, rule) if rule else (201, ""))


def test_what_is_no_number_outside_is_refused_once_the_country_is_known(site: Site, own: dict[str, Any]) -> None:
    path = f"users/{site.users['101@a.example']}/calling"
    assert site.a.refusal("PATCH", path, {"forward_busy": "0" * 30})["error_id"] == "forward.nobody"
    site.admin.call("PATCH", f"tenants/{own['tenant_id']}/number-plan", {"country": ""})
    assert site.a.call("PATCH", path, {"forward_busy": "0171123456789"})[0] == 200
