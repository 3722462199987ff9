"""Every operation of REST, and the one permission each stands behind; `test_one_permission.py` walks the pages.

Reference: "Extension Security" (roles); attack case 95; issue 4, build 2. A new operation fails here until it is
written down.
"""

import re
from typing import Final

import pytest

from ringfence.portal.permissions import OF_OPERATORS, Permission
from tests.unit.portal.rest import Site
from tests.unit.portal.solo import Somebody
from tests.unit.portal.test_every_operation import Operation, address, body_of, guarded, populate

P = Permission

WAYS_TO_SEE: Final = frozenset({"GET", "HEAD"})

RESOURCES: Final[dict[str, tuple[Permission, Permission]]] = {
    "allowed-country-codes": (P.OUTBOUND_READ, P.OUTBOUND_WRITE),
    "announcements": (P.INBOUND_READ, P.INBOUND_WRITE),
    "audit-log": (P.AUDIT_READ, P.AUDIT_READ),
    "backup-plan": (P.BACKUPS_WRITE, P.BACKUPS_WRITE),
    "backups": (P.BACKUPS_WRITE, P.BACKUPS_WRITE),
    "bans": (P.SECURITY_READ, P.SECURITY_WRITE),
    "blocked-callers": (P.INBOUND_READ, P.INBOUND_WRITE),
    "blocked-user-agents": (P.SECURITY_READ, P.SECURITY_WRITE),
    "budgets": (P.BUDGETS_WRITE, P.BUDGETS_WRITE),
    "calls": (P.CALLS_READ, P.CALLS_WRITE),
    "calls/{call_id}/recording": (P.RECORDINGS_READ, P.RECORDINGS_WRITE),
    "cdrs": (P.CALLS_READ, P.CALLS_WRITE),
    "certificates": (P.SYSTEM_READ, P.WEB_WRITE),
    "disallowed-codes": (P.OUTBOUND_READ, P.OUTBOUND_WRITE),
    "doctor": (P.SECURITY_READ, P.SECURITY_WRITE),
    "emergency-numbers": (P.OUTBOUND_READ, P.OUTBOUND_WRITE),
    "firewall-plan": (P.SYSTEM_READ, P.WEB_WRITE),
    "groups": (P.USERS_READ, P.GROUPS_WRITE),
    "inbound-rules": (P.INBOUND_READ, P.INBOUND_WRITE),
    "ip-filters": (P.SECURITY_READ, P.SECURITY_WRITE),
    "metrics": (P.SYSTEM_READ, P.SYSTEM_READ),
    "never-block": (P.SECURITY_READ, P.SECURITY_WRITE),
    "notice-destinations": (P.SECURITY_READ, P.SECURITY_WRITE),
    "number-pools": (P.INBOUND_READ, P.TRUNKS_WRITE),
    "office-hours": (P.OUTBOUND_READ, P.OUTBOUND_WRITE),
    "operators": (P.OPERATORS_WRITE, P.OPERATORS_WRITE),
    "outbound-rules": (P.OUTBOUND_READ, P.OUTBOUND_WRITE),
    "own-bans": (P.BANS_READ, P.BANS_LIFT),
    "password-policy": (P.USERS_READ, P.TENANT_WRITE),
    "permissions": (P.USERS_READ, P.USERS_READ),
    "phone-certificates": (P.PHONES_READ, P.PHONES_WRITE),
    "phones": (P.PHONES_READ, P.PHONES_WRITE),
    "protected-addresses": (P.SECURITY_READ, P.SECURITY_WRITE),
    "rates": (P.RATES_WRITE, P.RATES_WRITE),
    "recordings": (P.RECORDINGS_READ, P.RECORDINGS_WRITE),
    "registrations": (P.CALLS_READ, P.CALLS_WRITE),
    "ring-groups": (P.INBOUND_READ, P.INBOUND_WRITE),
    "roles": (P.USERS_READ, P.ROLES_WRITE),
    "sbc": (P.SYSTEM_READ, P.WEB_WRITE),
    "sessions": (P.USERS_READ, P.USERS_WRITE),
    "settings": (P.SYSTEM_READ, P.WEB_WRITE),
    "settings/currency": (P.RATES_WRITE, P.RATES_WRITE),
    "settings/security": (P.SECURITY_READ, P.SECURITY_WRITE),
    "suspensions": (P.BUDGETS_WRITE, P.BUDGETS_WRITE),
    "tenants": (P.USERS_READ, P.TENANTS_WRITE),
    "tenants/{tenant_id}/media": (P.USERS_READ, P.TENANT_WRITE),
    "tenants/{tenant_id}/number-plan": (P.OUTBOUND_READ, P.OUTBOUND_WRITE),
    "tenants/{tenant_id}/provisioning": (P.PHONES_READ, P.PHONES_WRITE),
    "tenants/{tenant_id}/recording": (P.RECORDINGS_READ, P.RECORDINGS_WRITE),
    "tenants/{tenant_id}/signaling": (P.USERS_READ, P.TENANT_WRITE),
    "tenants/{tenant_id}/voicemail": (P.VOICEMAILS_READ, P.VOICEMAILS_WRITE),
    "time-conditions": (P.INBOUND_READ, P.INBOUND_WRITE),
    "transports": (P.SYSTEM_READ, P.WEB_WRITE),
    "trunks": (P.TRUNKS_READ, P.TRUNKS_WRITE),
    "unconfirmed-changes": (P.SECURITY_READ, P.SECURITY_WRITE),
    "users": (P.USERS_READ, P.USERS_WRITE),
    "users/{user_id}/recording": (P.RECORDINGS_READ, P.RECORDINGS_WRITE),
    "users/{user_id}/voicemail": (P.VOICEMAILS_READ, P.VOICEMAILS_WRITE),
    "voicemails": (P.VOICEMAILS_READ, P.VOICEMAILS_WRITE),
}
"""What looking at a resource of REST needs, and changing it; the longest path that fits counts."""

TOLD_APART: Final[dict[tuple[str, str], Permission]] = {
    ("DELETE", "roles/{role_id}"): P.USERS_READ,
    ("PATCH", "roles/{role_id}"): P.USERS_READ,
    ("PATCH", "tenants/{tenant_id}"): P.TENANT_WRITE,
    ("POST", "inbound-rules/explain"): P.INBOUND_READ,
    ("POST", "outbound-rules/explain"): P.OUTBOUND_READ,
    ("POST", "password-policy/check"): P.USERS_READ,
    ("POST", "roles"): P.USERS_READ,
    ("POST", "settings/security/dry-run"): P.SECURITY_READ,
}
"""A tenant's own settings, questions that are too long for an address, and roles, where the kind of the role decides
between `roles.write` and `operators.write` (test_roles.py)."""

DECIDED_WITHIN: Final = frozenset(
    {
        "DELETE operators/{operator_id}",
        "DELETE roles/{role_id}",
        "DELETE sessions/{session_id}",
        "PATCH operators/{operator_id}",
        "PATCH password-policy",
        "PATCH roles/{role_id}",
        "POST roles",
    }
)
"""What the row itself refuses to who holds the permission alone: the system administrator as an operator, a role of
either kind, the session of a tenant's administrator, and the policy for people above the tenants."""


def needed_by(item: Operation) -> Permission:
    if (told := TOLD_APART.get((item.method, item.path))) is not None:
        return told
    fitting = [path for path in RESOURCES if item.path == path or item.path.startswith(f"{path}/")]
    return RESOURCES[max(fitting, key=len)][item.method not in WAYS_TO_SEE]


@pytest.mark.parametrize("item", guarded(), ids=lambda item: f"{item.method} {item.path}")
def test_the_description_of_rest_names_the_permission(item: Operation) -> None:
    assert item.permission is needed_by(item)


def test_no_other_permission_opens_an_operation(site: Site) -> None:
    populate(site)
    eve = Somebody(site)
    asked = [(item, filled(item, site), body_of(item, site.tenants["b"])) for item in guarded()]
    opened = []
    for item, path, body in asked:
        if eve.calls(OF_OPERATORS - {needed_by(item)}, item, path, body) != 403:
            opened.append(f"{item.method} {item.path}")
    assert opened == []


def test_the_permission_of_an_operation_is_enough(site: Site) -> None:
    populate(site)
    eve = Somebody(site)
    asked = [(item, filled(item, site), body_of(item, site.tenants["b"])) for item in guarded()]
    closed = []
    for item, path, body in asked:
        if eve.calls(frozenset({needed_by(item)}), item, path, body) in (401, 403):
            closed.append(f"{item.method} {item.path}")
    assert set(closed) == DECIDED_WITHIN


def filled(item: Operation, site: Site) -> str:
    """The path with the names of rows of tenant B in it; of what concerns the system any."""
    if not item.concerns_system:
        return address(item, site)
    return re.sub(r"\{\w+\}", "1", item.path.replace("{address}", "198.51.100.7"))
