"""Outbound rules from a CSV file: a look first, then all or none."""

from typing import Any

import pytest

from ringfence.portal.outbound.models import OutboundRule
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import signed_in_browser

HEAD = "name,order,prefixes,lengths,callers,reaches,availability,trunks,strip,prepend\n"
GOOD = HEAD + "Berlin,10,+4930;+4933,,101-110,national,always,Carrier,3,0\nRest,900,,,,,,carrier,,\n"


@pytest.fixture
def sent(site: Site) -> Any:
    sources = [{"cidr": "203.0.113.9", "port": 0}]
    site.admin.post("trunks", name="Carrier", kind="address", sources=sources)
    browser = signed_in_browser("100@a.example")

    def send(text: str, step: str) -> Any:
        body = {"tenant_id": site.tenants["a"], "text": text, step: "1"}
        return browser.post("/outbound-rules/import", body, secure=True)

    return send


def test_the_whole_file_is_looked_at_and_then_made(site: Site, sent: Any) -> None:
    assert b"2 rules can be made" in sent(GOOD, "check").content
    assert not OutboundRule.objects.exists()
    assert sent(GOOD, "make").status_code == 302
    berlin, rest = OutboundRule.objects.order_by("order")
    assert (berlin.prefixes, berlin.callers, berlin.reaches) == (["+4930", "+4933"], ["101-110"], ["national"])
    assert [(route["strip"], route["prepend"]) for route in berlin.routes] == [(3, "0")]
    assert (rest.name, rest.tenant_id) == ("Rest", site.tenants["a"])


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("Berlin,10,+4930,,,,,Nobody,,", "no trunk"),
        ("Berlin,ten,+4930,,,,,Carrier,,", "no whole number"),
        ("Berlin,10,berlin,,,,,Carrier,,", "no beginning of a number"),
        ("Berlin,10,+4930,,,,own,Carrier,,", "own office hours"),
        ("Berlin,10,+4930,,,,general,Carrier,,", "no general office hours"),
        ("Berlin,10,+4930,,,,,,,", "routes"),
        ("Berlin,10,+4930,,,,,Carrier,,,extra", "more values"),
        ("Rest,10,,,,,,Carrier,,", "in another"),
    ],
)
def test_a_faulty_line_is_named_and_nothing_is_made(sent: Any, line: str, why: str) -> None:
    text = HEAD + "Rest,900,,,,,,Carrier,,\n" + line + "\n"
    page = sent(text, "check").content.decode()
    assert why in page
    assert '<td class="numeric">3</td>' in page
    assert sent(text, "make").status_code == 422
    assert not OutboundRule.objects.exists()


@pytest.mark.parametrize("text", ["name,order\nA,1\n", HEAD, "x" * 200_001])
def test_what_is_no_such_file_is_refused(sent: Any, text: str) -> None:
    assert sent(text, "check").status_code == 422
