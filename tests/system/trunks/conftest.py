"""A provider to register at, and the system registered there, for all tests of this story."""

from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab.product import make_home, within
from ringfence.lab.provider import Provider

REGISTRATION = {
    "name": "Provider", "kind": "register", "username": "customer", "password": "Secret-of-the-trunk-1",
    "domain": "provider.example", "default_number": "+493012300", "numbers": ["+4930123*"], "keepalive": 5,
    "country_code": "49",
}  # fmt: skip


@pytest.fixture(scope="session")
def provider(lab: Any) -> Iterator[Provider]:
    with Provider(lab.host("provider", 91), make_home("provider")) as one:
        yield one


@pytest.fixture(scope="session")
def registered(pbx: Any, provider: Provider) -> dict[str, Any]:
    """The register-based trunk, registered."""
    hosts = [{"host": provider.host.address, "port": 5060}]
    made: dict[str, Any] = pbx.rest.post("trunks", **REGISTRATION, hosts=hosts)
    within(15, lambda: registration_of(pbx, made["id"]) == "registered", "the trunk is registered")
    return made


def registration_of(pbx: Any, trunk_id: int) -> str:
    return next(
        (peer["registration"] for peer in pbx.rest.get(f"trunks/{trunk_id}")["peers"] if peer["registration"]), ""
    )


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
def traveller(pbx: Any) -> Any:
    """Extension 120, which may call everywhere."""
    account = pbx.account("120")
    pbx.rest.patch(f"users/{pbx.users['120']['id']}", role="Standard International User")
    return account
