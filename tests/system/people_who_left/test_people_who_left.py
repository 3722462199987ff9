"""Whoever is switched off or deleted is rung no more, though the phone is registered for minutes yet.

Reference: "Extension Security"; issue 4: a change has effect on the next call.
"""

from typing import Any

from ringfence.lab import sip
from ringfence.lab.product import within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import Softphone, establish
from tests.system.conftest import UDP

OBEYED = 2.0


def _has_phone(pbx: Any, number: str) -> bool:
    found = pbx.rest.get("registrations?limit=500")["items"]
    return any(item["aor"].startswith(f"{number}@") for item in found)


def test_who_gets_the_number_of_somebody_deleted_is_not_rung_at_his_phone(pbx: Any, phone: Any) -> None:
    old, caller = phone("990"), phone("992")
    within(OBEYED, lambda: _has_phone(pbx, "990"), "the phone is listed")
    pbx.rest.delete(f"users/{pbx.users['990']['id']}")
    pbx.product.create_user(pbx.tenant, "990")
    within(OBEYED, lambda: not _has_phone(pbx, "990"), "the phone is registered no more")
    caller.begin_call("990")
    assert old.requests_within(1.0) == []


def test_who_is_switched_on_again_begins_with_no_phone(pbx: Any, phone: Any) -> None:
    old, caller = phone("991"), phone("992")
    within(OBEYED, lambda: _has_phone(pbx, "991"), "the phone is listed")
    path = f"users/{pbx.users['991']['id']}"
    pbx.rest.patch(path, active=False)
    pbx.rest.patch(path, active=True)
    within(OBEYED, lambda: not _has_phone(pbx, "991"), "the phone is registered no more")
    caller.begin_call("991")
    assert old.requests_within(1.0) == []
    assert old.register().status == 200, "its secret is good again"


def test_who_is_deleted_is_told_of_nobody_s_calls_any_more(pbx: Any, phone: Any) -> None:
    """RFC 6665, 4.2.2: a watch ends when its owner may watch no more. His phone saw who talks for up to an hour."""
    old, watched, caller = phone("985"), phone("986"), phone("987")
    uri = f"sip:986@{old.account.domain}"
    asked = sip.with_header(old.headers("SUBSCRIBE", uri), "Event", "dialog")
    assert old.authenticated("SUBSCRIBE", uri, asked).status == 200
    old.respond(old.request("NOTIFY", 8), 200, "OK")
    pbx.rest.delete(f"users/{pbx.users['985']['id']}")
    within(OBEYED, lambda: not _has_phone(pbx, "985"), "the phone is registered no more")
    caller.begin_call("986")
    watched.respond(watched.request("INVITE"), 486, "Busy Here", "b")
    assert old.requests_within(2.0) == []


def test_a_tenant_that_is_made_anew_has_none_of_the_old_phones(pbx: Any, stranger: Any) -> None:
    tenant = pbx.product.create_tenant("Left", "left.example")
    secret = pbx.product.create_user(tenant, "993")["sip_secret"]
    with Softphone(stranger(), UDP, Account("993", "left.example", secret)) as old:
        assert old.register().status == 200
        within(OBEYED, lambda: _has_phone(pbx, "993"), "the phone is listed")
        pbx.rest.delete(f"tenants/{tenant['id']}")
        within(OBEYED, lambda: not _has_phone(pbx, "993"), "the phone is registered no more")


def test_a_call_ends_when_one_of_its_parties_is_switched_off(pbx: Any, phone: Any) -> None:
    """A stolen account talks until it hangs up; who takes it away means the call that runs too."""
    caller, callee = phone("888"), phone("889")
    establish(caller, callee)
    pbx.rest.patch(f"users/{pbx.users['888']['id']}", active=False)
    for one in (caller, callee):
        one.request("BYE", OBEYED)
    pbx.rest.patch(f"users/{pbx.users['888']['id']}", active=True)
    records = (row for row in pbx.product.call_records() if row["caller"].startswith("888@"))
    within(OBEYED, lambda: next((row["reason"] == "Switched off" for row in records), None), "the record says why")
