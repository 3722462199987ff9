"""Numbers, inbound rules and blocked callers (reference: "Trunk Security"; attack case 106)."""

from typing import Any

import pytest

from ringfence.policy.trunking.inbound import decode_did
from ringfence.portal.inbound.compile import every_block, every_number, some_blocks, some_numbers
from tests.unit.portal.rest import Site
from tests.unit.portal.test_pages import browser
from tests.unit.portal.test_trunks import CARRIER


def carrier(site: Site, **values: Any) -> int:
    return int(site.admin.post("trunks", **{**CARRIER, **values})["id"])


def pooled(site: Site, tenant: str = "a", first: str = "+4930120", last: str = "+4930129") -> dict[str, Any]:
    trunk = carrier(site, name=f"Carrier {first}")
    pool = {"tenant_id": site.tenants[tenant], "trunk_id": trunk, "first": first, "last": last}
    made: dict[str, Any] = site.admin.post("number-pools", **pool)
    return made


def rule(site: Site, **values: Any) -> dict[str, Any]:
    base = {"tenant_id": site.tenants["a"], "name": "Desk", "first": "+4930121", "destination": "extension:100"}
    return {**base, **values}


def test_a_rule_is_looked_up_by_number(site: Site) -> None:
    pool = pooled(site)
    made = site.a.post("inbound-rules", **rule(site, last="+4930122"))
    found = dict(every_number())
    assert set(found) == {"did/+4930121", "did/+4930122"}
    did = decode_did("+4930121", found["did/+4930121"])
    assert (did.trunk_id, did.tenant_id, str(did.destination)) == (pool["trunk_id"], site.tenants["a"], "extension:100")
    assert dict(some_numbers(["did/+4930122", "did/+4930129"])) == {"did/+4930122": found["did/+4930122"]}
    path = f"inbound-rules/{made['id']}"
    assert site.a.call("PATCH", path, {"destination": "hang_up:"})[1]["destination"] == "hang_up:"
    assert site.admin.call("DELETE", f"number-pools/{pool['id']}")[0] == 204
    assert dict(every_number()) == {}
    assert site.a.call("DELETE", path)[0] == 204


def test_a_bare_number_leads_to_what_has_it(site: Site) -> None:
    pooled(site)
    site.a.post("ring-groups", tenant_id=site.tenants["a"], number="600", name="Sales", members=["100"])
    made = site.a.post("inbound-rules", **rule(site, destination=" 600"))
    assert made["destination"] == "ring_group:600"
    changed = site.a.call("PATCH", f"inbound-rules/{made['id']}", {"destination": "100"})[1]
    assert changed["destination"] == "extension:100"
    refused = site.a.refusal("PATCH", f"inbound-rules/{made['id']}", {"destination": "987"})
    assert (refused["field"], refused["error_id"]) == ("destination", "destination.nobody")


def test_a_rule_to_who_has_left_is_changed_all_the_same(site: Site) -> None:
    """Only where it leads to from now on has to be there."""
    pooled(site)
    group = site.a.post("ring-groups", tenant_id=site.tenants["a"], number="600", name="Sales", members=["100"])
    made = site.a.post("inbound-rules", **rule(site, destination="ring_group:600"))
    assert site.a.call("DELETE", f"ring-groups/{group['id']}")[0] == 204
    assert site.a.call("PATCH", f"inbound-rules/{made['id']}", {"name": "Old"})[1]["name"] == "Old"


def test_pools_do_not_overlap_and_the_refusal_names_the_other(site: Site) -> None:
    """Peers 2.5: DID pools may not overlap, whichever tenant and trunk."""
    pooled(site)
    other = {"tenant_id": site.tenants["b"], "trunk_id": carrier(site, name="B"), "first": "+4930129"}
    refusal = site.admin.refusal("POST", "number-pools", other)
    assert (refusal["status"], refusal["error_id"]) == (409, "number_pool.overlap")
    assert "Tenant a" in refusal["detail"]
    assert site.admin.post("number-pools", **{**other, "first": "+49301290"})["last"] == "+49301290"


@pytest.mark.parametrize(
    ("wrong", "error_id"),
    [
        ({"first": "030121"}, "number.e164"),
        ({"last": "+4930120"}, "number.range"),
        ({"last": "+49301211"}, "number.range"),
        ({"first": "+4930131"}, "inbound_rule.not_yours"),
        ({"destination": "trunk:1"}, "destination.unknown"),
        ({"destination": "extension:a b"}, "destination.unknown"),
        ({"destination": "extension:999"}, "destination.nobody"),
        ({"destination": "voicemail:999"}, "destination.nobody"),
        ({"destination": "ring_group:100"}, "destination.nobody"),
        ({"destination": "announcement:999"}, "destination.nobody"),
        ({"destination": "time_condition:999"}, "destination.nobody"),
        ({"name": ""}, "text.empty"),
    ],
)
def test_what_cannot_work_is_refused(site: Site, wrong: dict[str, Any], error_id: str) -> None:
    pooled(site)
    assert site.a.refusal("POST", "inbound-rules", rule(site, **wrong))["error_id"] == error_id


def test_a_tenant_takes_no_numbers_of_another(site: Site) -> None:
    """Case 106: the numbers of B lead where B says."""
    pooled(site, "b")
    assert site.a.refusal("POST", "inbound-rules", rule(site))["error_id"] == "inbound_rule.not_yours"
    trunk = carrier(site, name="Own", tenant_id=site.tenants["b"])
    pool = {"tenant_id": site.tenants["a"], "trunk_id": trunk, "first": "+4940100"}
    assert site.admin.refusal("POST", "number-pools", pool)["error_id"] == "trunk.of_another"
    assert site.a.refusal("POST", "number-pools", pool)["status"] == 403


def test_a_trunk_with_numbers_stays(site: Site) -> None:
    pool = pooled(site)
    assert site.admin.refusal("DELETE", f"trunks/{pool['trunk_id']}")["error_id"] == "trunk.in_use"


def test_rules_do_not_overlap(site: Site) -> None:
    pooled(site)
    site.a.post("inbound-rules", **rule(site))
    refusal = site.a.refusal("POST", "inbound-rules", rule(site, first="+4930120", last="+4930129", name="All"))
    assert (refusal["error_id"], "Desk" in refusal["detail"]) == ("inbound_rule.overlap", True)


def test_callers_are_blocked_by_number_beginning_or_for_withholding_it(site: Site) -> None:
    tenant = site.tenants["a"]
    for pattern in ("+4989777", "+4989*", "Anonymous"):
        made = site.a.post("blocked-callers", tenant_id=tenant, pattern=pattern)
    keys = {f"blocked/{tenant}/{one}" for one in ("+4989777", "+4989*", "anonymous")}
    assert set(dict(every_block())) == keys
    assert dict(some_blocks([f"blocked/{tenant}/anonymous", f"blocked/{tenant}/+1"])).keys() == {
        f"blocked/{tenant}/anonymous"
    }
    again = {"tenant_id": tenant, "pattern": "anonymous"}
    assert site.a.refusal("POST", "blocked-callers", again)["error_id"] == "blocked_caller.exists"
    assert site.a.refusal("POST", "blocked-callers", {**again, "pattern": "*"})["error_id"] == "blocked_caller.pattern"
    assert site.a.call("DELETE", f"blocked-callers/{made['id']}")[0] == 204


def test_the_pages_do_the_same(site: Site) -> None:
    trunk, client = carrier(site), browser()
    pool = {"tenant_id": site.tenants["a"], "trunk_id": trunk, "first": "+4930120", "last": "+4930129"}
    assert client.post("/number-pools/new", pool, secure=True).status_code == 302
    assert client.post("/number-pools/new", pool, secure=True).status_code == 422
    assert client.post("/inbound-rules/new", rule(site), secure=True).status_code == 302
    (made,) = site.a.get("inbound-rules")["items"]
    changed = {"name": "Front", "first": "+4930121", "destination": "hang_up:"}
    assert client.post(f"/inbound-rules/{made['id']}", changed, secure=True).status_code == 302
    block = {"tenant_id": site.tenants["a"], "pattern": "+4989*"}
    assert client.post("/blocked-callers/new", block, secure=True).status_code == 302
    for path in ("/inbound-rules", "/number-pools", "/blocked-callers"):
        assert client.get(f"{path}?search=49", secure=True).status_code == 200
        assert b"+49" in client.get(f"{path}?format=csv", secure=True).getvalue()
    (row,) = site.a.get("blocked-callers")["items"]
    assert client.post(f"/blocked-callers/{row['id']}/delete", secure=True).status_code == 302
    assert client.post(f"/inbound-rules/{made['id']}/delete", secure=True).status_code == 302
    (numbers,) = site.a.get("number-pools")["items"]
    assert client.post(f"/number-pools/{numbers['id']}/delete", secure=True).status_code == 302
