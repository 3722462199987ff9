"""A call for help connects whatever else forbids it (reference: "Call Control and Fraud Prevention"; case 113)."""

from collections.abc import Iterator
from typing import Any

import pytest

from ringfence.lab.product import within

pytestmark = pytest.mark.usefixtures("oracle")


@pytest.fixture
def everything_forbidden(pbx: Any, registered: dict[str, Any]) -> Iterator[None]:
    """The role calls inside only, every code is disallowed, and there is no rule."""
    tenant = pbx.tenant["id"]
    codes = [pbx.rest.post("disallowed-codes", tenant_id=tenant, prefix=prefix)["id"] for prefix in ("1", "+1", "112")]
    yield
    for code in codes:
        pbx.rest.delete(f"disallowed-codes/{code}")


def test_a_suspended_extension_without_rights_reaches_the_emergency_service(
    pbx: Any, provider: Any, everything_forbidden: None, phone: Any
) -> None:
    """The number goes out as it was dialled, through the tenant's trunk, and other numbers stay refused."""
    provider.forget()
    one = phone("123")
    path = f"users/{pbx.users['123']['id']}"
    pbx.rest.patch(path, active=False)
    try:
        uri, headers = one.begin_call("%31%31%32")
        dialog = one.call_answered(uri, headers, timeout=15)
        assert [call.number for call in provider.calls()] == ["112"]
        assert one.ask_in_dialog(dialog, "BYE", timeout=10).status == 200
        content, body = one.offer()
        national = "sip:+498912345678@acme.example"
        refused = one.authenticated("INVITE", national, [*one.headers("INVITE", national), *content], body)
        assert refused.status == 403
        assert len(provider.calls()) == 1
        within(10, lambda: _recorded(pbx), "the call is in the records")
    finally:
        pbx.rest.patch(path, active=True)


def _recorded(pbx: Any) -> bool:
    return any(row["caller"].startswith("123@") and row["code"] == 200 for row in pbx.product.call_records())
