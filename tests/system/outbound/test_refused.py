"""What a role, a code or an office hour forbids does not leave (reference: "Call Control and Fraud Prevention")."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from ringfence.lab.product import within
from ringfence.lab.softphone import Softphone

pytestmark = pytest.mark.usefixtures("oracle")

HOME = ["030901820", "%30%330901820", "+4930901820", "030901820;phone-context=+49", "09001234567", "11880", "810123"]
ABROAD = ["+442071838750", "00442071838750", "011442071838750", "+881612345678", "%2B88213300000", "+979123456789"]


@pytest.fixture(scope="module")
def outside(pbx: Any, trunk: Any) -> Iterator[None]:
    """A German tenant with a rule that takes every number."""
    tenant = pbx.tenant["id"]
    address, port = trunk.getsockname()[:2]
    provider = pbx.rest.post("trunks", name="outbound", kind="address", keepalive=0,
                             hosts=[{"host": address, "port": port}], sources=[{"cidr": f"{address}/32"}])  # fmt: skip
    pbx.rest.patch(f"tenants/{tenant}/number-plan", country="DE", area_code="30")
    rule = pbx.rest.post("outbound-rules", tenant_id=tenant, name="Everything", order=900,
                         routes=[{"trunk_id": provider["id"]}])  # fmt: skip
    yield
    pbx.rest.delete(f"outbound-rules/{rule['id']}")
    pbx.rest.delete(f"trunks/{provider['id']}")
    pbx.rest.patch(f"tenants/{tenant}/number-plan", country="", area_code="")


@pytest.fixture
def role(pbx: Any) -> Iterator[Callable[[str], None]]:
    """`role("Standard International User")` for extension 801."""
    pbx.account("801")
    path = f"users/{pbx.users['801']['id']}"
    yield lambda name: pbx.rest.patch(path, role=name)
    pbx.rest.patch(path, role="Standard User")


def refusal(pbx: Any, phone: Softphone, number: str) -> tuple[int, str]:
    """The answer to a call and the rule in its record; a number with a colon is a whole URI."""
    before = {row["call_id"] for row in pbx.product.call_records()}
    uri = number if ":" in number else f"sip:{number}@{phone.account.domain}"
    content, body = phone.offer()
    answer = phone.authenticated("INVITE", uri, [*phone.headers("INVITE", uri), *content], body)

    def new() -> dict[str, Any] | None:
        rows = pbx.product.call_records()
        return next((row for row in rows if row["call_id"] not in before and "801" in row["caller"]), None)

    record = within(10, new, f"a record of the call to {number}")[0]
    assert record["direction"] == "outbound", "who looks for fraud looks among the calls outside"
    return answer.status, record["rule"]


def test_who_may_call_inside_only_reaches_nothing_outside(pbx: Any, outside: None, phone: Any) -> None:
    """F108: +, 00, 011, 810, premium, satellite and short codes get 403."""
    one = phone("801")
    for number in HOME:
        assert refusal(pbx, one, number) == (403, "outbound.national"), number
    for number in ABROAD:
        assert refusal(pbx, one, number) == (403, "outbound.international"), number


def test_a_tel_uri_is_judged_as_the_number_it_names(pbx: Any, outside: None, phone: Any) -> None:
    one = phone("801")
    assert refusal(pbx, one, "tel:+442071838750") == (403, "outbound.international")
    assert refusal(pbx, one, "tel:030901820;phone-context=+49") == (403, "outbound.national")
    assert refusal(pbx, one, "tel:7183-8750;phone-context=+4420") == (403, "outbound.international")


def test_an_international_user_calls_allowed_countries_only(
    pbx: Any, outside: None, phone: Any, role: Callable[[str], None]
) -> None:
    """Codes and E164: none is allowed at first; premium and satellite stay refused; a disallowed code wins."""
    role("Standard International User")
    one = phone("801")
    assert refusal(pbx, one, "+442071838750") == (403, "outbound.country")
    allowed = pbx.rest.post("allowed-country-codes", tenant_id=pbx.tenant["id"], country="GB")
    code = pbx.rest.post("disallowed-codes", tenant_id=pbx.tenant["id"], prefix="+4420")
    assert refusal(pbx, one, "0044-20-7183-8750") == (403, "outbound.disallowed_code")
    assert refusal(pbx, one, "+44(0)2071838750") == (403, "outbound.disallowed_code")
    assert refusal(pbx, one, "+447781123456") == (403, "outbound.country")
    assert refusal(pbx, one, "+449098790000") == (403, "outbound.number_class")
    assert refusal(pbx, one, "+881612345678") == (403, "outbound.number_class")
    assert refusal(pbx, one, "11880") == (403, "outbound.number_class")
    for path in (f"allowed-country-codes/{allowed['id']}", f"disallowed-codes/{code['id']}"):
        pbx.rest.delete(path)


def test_outside_its_hours_a_rule_refuses_and_the_looser_one_is_not_asked(
    pbx: Any, outside: None, phone: Any, role: Callable[[str], None]
) -> None:
    role("Standard International User")
    rules = pbx.rest.get("outbound-rules")["items"]
    hours = pbx.rest.post("office-hours", tenant_id=pbx.tenant["id"], name="Never now",
                          spans=[{"weekday": (_weekday() + 3) % 7, "start": 0, "end": 60}])  # fmt: skip
    rule = pbx.rest.post("outbound-rules", tenant_id=pbx.tenant["id"], name="Hours", order=1, availability="own",
                         office_hours_id=hours["id"], routes=rules[0]["routes"])  # fmt: skip
    assert refusal(pbx, phone("801"), "030901820") == (403, "outbound.hours")
    explained = pbx.rest.post("outbound-rules/explain", caller=pbx.account("801").aor.removeprefix("sip:"),
                              number="030901820")  # fmt: skip
    assert (explained["verdict"], explained["outbound_rule"]) == ("outbound.hours", "Hours")
    pbx.rest.delete(f"outbound-rules/{rule['id']}")
    pbx.rest.delete(f"office-hours/{hours['id']}")


def _weekday() -> int:
    return datetime.now(UTC).weekday()
