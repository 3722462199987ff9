"""A provider to register at, and the system registered there, for all tests of this story."""

from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab.product import make_home, within
from ringfence.lab.provider import Provider, registration_of
from ringfence.lab.rest import Refused
from tests.system.trunks.carrier import Carrier
from tests.system.trunks.handing import COLLEAGUE, DESK, NUMBER


@pytest.fixture(scope="session")
def provider(lab: Any) -> Iterator[Provider]:
    with Provider(lab.host("provider", 91), make_home("provider")) as one:
        yield one


@pytest.fixture(scope="session")
def registered(pbx: Any, provider: Provider) -> dict[str, Any]:
    """The register-based trunk, registered."""
    made: dict[str, Any] = pbx.rest.post("trunks", **provider.registration("Provider"))
    within(15, lambda: registration_of(pbx.rest, made["id"]) == "registered", "the trunk is registered")
    return made


@pytest.fixture(scope="session", autouse=True)
def in_a_hurry(pbx: Any) -> Iterator[None]:
    """Tests call faster than people: ten calls outside in a minute would suspend the extension, also between two
    modules.
    """
    budget = pbx.rest.post("budgets", owner="extension", calls_per_minute=600)
    yield
    pbx.rest.delete(f"budgets/{budget['id']}")


@pytest.fixture(scope="session")
def numbers(pbx: Any, registered: dict[str, Any]) -> str:
    """A number of the tenant that leads to extension 121."""
    tenant = pbx.tenant["id"]
    pbx.account("121")
    pbx.rest.post("number-pools", tenant_id=tenant, trunk_id=registered["id"], first="+493012320", last="+493012329")
    rule = {"tenant_id": tenant, "name": "Front desk", "first": "+493012321", "destination": "extension:121"}
    pbx.rest.post("inbound-rules", **rule)
    return "+493012321"


@pytest.fixture(scope="session")
def outward(pbx: Any, registered: dict[str, Any]) -> Any:
    """Extension 120, which may call everywhere over the trunk."""
    account = pbx.account("120")
    pbx.rest.patch(f"users/{pbx.users['120']['id']}", role="Standard International User")
    rule = {"tenant_id": pbx.tenant["id"], "name": "All", "order": 1, "routes": [{"trunk_id": registered["id"]}]}
    try:
        pbx.rest.post("outbound-rules", **rule)
        pbx.rest.post("allowed-country-codes", tenant_id=pbx.tenant["id"], country="DE")
    except Refused as refused:
        if refused.status != 404:
            raise
        pytest.skip("there are no outbound rules yet")
    return account


@pytest.fixture(scope="module")
def carrier(pbx: Any, lab: Any) -> Iterator[Carrier]:
    """A trunk to a scripted carrier, and its number that leads to the desk."""
    tenant = pbx.tenant["id"]
    with Carrier(lab.host("carrier", 96)) as one:
        for number in (DESK, COLLEAGUE):
            pbx.account(number)
        made = pbx.rest.post("trunks", **one.trunk())
        pool = {"tenant_id": tenant, "trunk_id": made["id"], "first": "+493012340", "last": "+493012349"}
        pool = pbx.rest.post("number-pools", **pool)
        rule = {"tenant_id": tenant, "name": "Desk", "first": NUMBER, "destination": f"extension:{DESK}"}
        leads = pbx.rest.post("inbound-rules", **rule)
        yield one
        pbx.rest.delete(f"inbound-rules/{leads['id']}")
        pbx.rest.delete(f"number-pools/{pool['id']}")
        pbx.rest.delete(f"trunks/{made['id']}")
