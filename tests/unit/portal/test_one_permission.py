"""Every address of the portal, and the one permission each stands behind; REST: `test_one_permission_rest.py`.

Reference: "Extension Security" (roles); attack case 95; issue 4, build 2: custom roles from named permissions. A new
page fails here until it is written down.

Rights only ever add up, so two walks hold the whole table of permissions: whoever has all but the one named is refused,
and whoever has the one alone is not.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.urls import get_resolver

from ringfence.portal.people.models import Role
from ringfence.portal.permissions import OF_OPERATORS, Permission
from tests.unit.portal.rest import Site
from tests.unit.portal.signing_in import get, post
from tests.unit.portal.solo import Somebody
from tests.unit.portal.test_every_operation import populate
from tests.unit.portal.test_every_page import routes, rows_of, walker

P = Permission

SYSTEM_ADMINISTRATOR: Final = "system administrator"
OWN: Final = "own"
"""Everybody, for the own account or extension, or before signing in: nothing of anybody else."""

ANY_ADMINISTRATOR: Final = "any administrator"

type Needed = Permission | str

PAGES: Final[dict[str, Needed | tuple[Needed, Needed]]] = {
    "": ANY_ADMINISTRATOR,
    "dashboard/numbers": ANY_ADMINISTRATOR,
    "dashboard/calls.json": P.CALLS_READ,
    "healthz": OWN,
    "setup": OWN,
    "setup/guide": SYSTEM_ADMINISTRATOR,
    "setup/guide/<str:name>": SYSTEM_ADMINISTRATOR,
    "setup/guide/<str:name>/done": SYSTEM_ADMINISTRATOR,
    "sign-in": OWN,
    "sign-out": OWN,
    "sign-in/second": OWN,
    "sign-in/passkey": OWN,
    "prove": OWN,
    "passkey/options": OWN,
    "change-password": OWN,
    "password-check": OWN,
    "change-extension-password": OWN,
    "my/two-step": OWN,
    "my/two-step/app": OWN,
    "my/two-step/passkey": OWN,
    "my/two-step/passkey-options": OWN,
    "my/two-step/codes": OWN,
    "my/two-step/<int:factor_id>/remove": OWN,
    "my/sessions": OWN,
    "my/sessions/others": OWN,
    "my/sessions/<int:session_id>": (OWN, P.USERS_WRITE),
    "my/language": OWN,
    "my/tokens": ANY_ADMINISTRATOR,
    "my/tokens/<int:token_id>": ANY_ADMINISTRATOR,
    "users/<int:user_id>/first-password": P.USERS_WRITE,
    "users/<int:user_id>/second-factor": P.USERS_WRITE,
    "password-policy": P.TENANT_WRITE,
    "tenants": P.TENANTS_WRITE,
    "tenants/new": P.TENANTS_WRITE,
    "tenants/<int:tenant_id>": P.TENANTS_WRITE,
    "tenants/<int:tenant_id>/delete": P.TENANTS_WRITE,
    "tenants/<int:tenant_id>/media": P.TENANT_WRITE,
    "tenants/<int:tenant_id>/signaling": P.TENANT_WRITE,
    "users": P.USERS_READ,
    "my": OWN,
    "my/calls": OWN,
    "my/calling": OWN,
    "my/call": OWN,
    "my/devices": OWN,
    "users/bulk": P.USERS_WRITE,
    "users/import": P.USERS_WRITE,
    "users/new": P.USERS_WRITE,
    "users/<int:user_id>": (P.USERS_READ, P.USERS_WRITE),
    "users/<int:user_id>/calling": (P.USERS_READ, P.USERS_WRITE),
    "users/<int:user_id>/sip-secret": P.USERS_WRITE,
    "users/<int:user_id>/delete": P.USERS_WRITE,
    "users/<int:user_id>/calls": P.USERS_WRITE,
    "users/<int:user_id>/media": P.USERS_WRITE,
    "roles": P.USERS_READ,
    "roles/new": P.ROLES_WRITE,
    "roles/<int:role_id>": (P.USERS_READ, P.ROLES_WRITE),
    "roles/<int:role_id>/delete": (P.USERS_READ, P.ROLES_WRITE),
    "groups": P.USERS_READ,
    "groups/bulk": P.GROUPS_WRITE,
    "groups/new": P.GROUPS_WRITE,
    "groups/<int:group_id>": (P.USERS_READ, P.GROUPS_WRITE),
    "groups/<int:group_id>/delete": P.GROUPS_WRITE,
    "groups/<int:group_id>/members/<int:user_id>/delete": P.GROUPS_WRITE,
    "operators": P.OPERATORS_WRITE,
    "operators/new": P.OPERATORS_WRITE,
    "operators/<int:operator_id>": P.OPERATORS_WRITE,
    "operators/<int:operator_id>/delete": P.OPERATORS_WRITE,
    "ip-blacklist": P.SECURITY_READ,
    "blocked-addresses": P.BANS_READ,
    "blocked-addresses/lift": P.BANS_LIFT,
    "ip-blacklist/lift": P.SECURITY_WRITE,
    "ip-blacklist/bulk": P.SECURITY_WRITE,
    "ip-blacklist/never-block": P.SECURITY_READ,
    "ip-blacklist/bans/<path:address>": P.SECURITY_READ,
    "ip-blacklist/entries": P.SECURITY_READ,
    "ip-blacklist/entries/bulk": P.SECURITY_WRITE,
    "ip-blacklist/new": P.SECURITY_WRITE,
    "ip-blacklist/import": P.SECURITY_WRITE,
    "ip-blacklist/import/apply": P.SECURITY_WRITE,
    "ip-blacklist/export": P.SECURITY_READ,
    "ip-blacklist/<int:entry_id>/delete": P.SECURITY_WRITE,
    "security-dashboard": P.SECURITY_READ,
    "security-dashboard/now": P.SECURITY_READ,
    "security-dashboard/chart.json": P.SECURITY_READ,
    "security/web-login": (P.SECURITY_READ, P.SECURITY_WRITE),
    "security/anti-hacking": (P.SECURITY_READ, P.SECURITY_WRITE),
    "security/dry-run": P.SECURITY_WRITE,
    "security/blocked-user-agents": (P.SECURITY_READ, P.SECURITY_WRITE),
    "security/blocked-user-agents/<int:row_id>/delete": P.SECURITY_WRITE,
    "security/notices": P.SECURITY_READ,
    "security/notices/new/<str:means>": P.SECURITY_WRITE,
    "security/notices/<int:destination_id>": P.SECURITY_WRITE,
    "security/notices/<int:destination_id>/key": P.SECURITY_WRITE,
    "security/notices/<int:destination_id>/test": P.SECURITY_WRITE,
    "security/notices/<int:destination_id>/delete": P.SECURITY_WRITE,
    "registrations": P.CALLS_READ,
    "calls": P.CALLS_READ,
    "cdrs/<int:record_id>": P.CALLS_READ,
    "calls/<str:call_id>/hang-up": P.CALLS_WRITE,
    "cdrs": P.CALLS_READ,
    "cdrs/days.json": P.CALLS_READ,
    "rates": P.RATES_WRITE,
    "rates/bulk": P.RATES_WRITE,
    "rates/currency": P.RATES_WRITE,
    "rates/new": P.RATES_WRITE,
    "rates/import": P.RATES_WRITE,
    "rates/<int:rate_id>": P.RATES_WRITE,
    "rates/<int:rate_id>/delete": P.RATES_WRITE,
    "budgets": P.BUDGETS_WRITE,
    "budgets/new": P.BUDGETS_WRITE,
    "budgets/lift": P.BUDGETS_WRITE,
    "budgets/<int:budget_id>": P.BUDGETS_WRITE,
    "budgets/<int:budget_id>/delete": P.BUDGETS_WRITE,
    "audit-log": P.AUDIT_READ,
    "unconfirmed-changes": P.SECURITY_WRITE,
    "unconfirmed-changes/<int:number>/confirm": P.SECURITY_WRITE,
    "unconfirmed-changes/<int:number>/revert": P.SECURITY_WRITE,
    "large-upload": P.SECURITY_WRITE,
    "web-access": P.WEB_WRITE,
    "web-access/certificate": P.WEB_WRITE,
    "web-access/acme": P.WEB_WRITE,
    "web-access/acme/order": P.WEB_WRITE,
    "firewall": P.WEB_WRITE,
    "firewall/<slug:form>": P.WEB_WRITE,
    "transports": P.WEB_WRITE,
    "transports/certificates": P.WEB_WRITE,
    "transports/certificates/<int:tenant_id>": P.WEB_WRITE,
    "phone-certificates": P.PHONES_READ,
    "phone-certificates/new": P.PHONES_WRITE,
    "phone-certificates/authority": P.WEB_WRITE,
    "phone-certificates/<int:certificate_id>/revoke": P.PHONES_WRITE,
    "voice-network": P.WEB_WRITE,
    "kept-data": P.WEB_WRITE,
    "sbc": P.WEB_WRITE,
    "trunks": P.TRUNKS_READ,
    "trunks/new/<str:kind>": P.TRUNKS_WRITE,
    "trunks/<int:trunk_id>": P.TRUNKS_WRITE,
    "trunks/<int:trunk_id>/delete": P.TRUNKS_WRITE,
    "voicemail": P.VOICEMAILS_READ,
    "voicemail/bulk": P.VOICEMAILS_WRITE,
    "voicemail/<int:message_id>/audio": P.VOICEMAILS_READ,
    "voicemail/<int:message_id>/delete": P.VOICEMAILS_WRITE,
    "voicemail/tenants/<int:tenant_id>": P.VOICEMAILS_WRITE,
    "my/voicemail": OWN,
    "my/voicemail/bulk": OWN,
    "my/voicemail/settings": OWN,
    "my/voicemail/greeting": OWN,
    "my/voicemail/<int:message_id>/audio": OWN,
    "my/voicemail/<int:message_id>/delete": OWN,
    "users/<int:user_id>/voicemail": P.VOICEMAILS_WRITE,
    "users/<int:user_id>/voicemail/greeting": P.VOICEMAILS_WRITE,
    "recordings": P.RECORDINGS_READ,
    "recordings/bulk": P.RECORDINGS_WRITE,
    "recordings/<int:recording_id>/audio": P.RECORDINGS_READ,
    "recordings/<int:recording_id>/delete": P.RECORDINGS_WRITE,
    "recordings/tenants/<int:tenant_id>": P.RECORDINGS_WRITE,
    "recordings/tenants/<int:tenant_id>/announcement": P.RECORDINGS_WRITE,
    "my/recordings": OWN,
    "my/recordings/<int:recording_id>/audio": OWN,
    "users/<int:user_id>/recording": (P.RECORDINGS_READ, P.RECORDINGS_WRITE),
    "calls/<str:call_id>/recording/start": P.RECORDINGS_WRITE,
    "calls/<str:call_id>/recording/stop": P.RECORDINGS_WRITE,
    "codes": P.OUTBOUND_READ,
    "codes/<slug:name>": P.OUTBOUND_READ,
    "codes/<slug:name>/bulk": P.OUTBOUND_WRITE,
    "codes/<slug:name>/new": P.OUTBOUND_WRITE,
    "codes/<slug:name>/<int:row_id>/delete": P.OUTBOUND_WRITE,
    "office-hours": P.OUTBOUND_READ,
    "office-hours/bulk": P.OUTBOUND_WRITE,
    "office-hours/new": P.OUTBOUND_WRITE,
    "office-hours/<int:row_id>": P.OUTBOUND_WRITE,
    "office-hours/<int:row_id>/delete": P.OUTBOUND_WRITE,
    "outbound-rules": P.OUTBOUND_READ,
    "outbound-rules/bulk": P.OUTBOUND_WRITE,
    "outbound-rules/new": P.OUTBOUND_WRITE,
    "outbound-rules/import": P.OUTBOUND_WRITE,
    "outbound-rules/explain": P.OUTBOUND_READ,
    "outbound-rules/<int:row_id>": P.OUTBOUND_WRITE,
    "outbound-rules/<int:row_id>/delete": P.OUTBOUND_WRITE,
    "inbound-rules": P.INBOUND_READ,
    "inbound-rules/bulk": P.INBOUND_WRITE,
    "inbound-rules/new": P.INBOUND_WRITE,
    "inbound-rules/explain": P.INBOUND_READ,
    "inbound-rules/<int:rule_id>": P.INBOUND_WRITE,
    "inbound-rules/<int:rule_id>/delete": P.INBOUND_WRITE,
    "number-pools": P.INBOUND_READ,
    "number-pools/bulk": P.TRUNKS_WRITE,
    "number-pools/new": P.TRUNKS_WRITE,
    "number-pools/<int:pool_id>/delete": P.TRUNKS_WRITE,
    "blocked-callers": P.INBOUND_READ,
    "blocked-callers/bulk": P.INBOUND_WRITE,
    "blocked-callers/new": P.INBOUND_WRITE,
    "blocked-callers/<int:block_id>/delete": P.INBOUND_WRITE,
    "ring-groups": P.INBOUND_READ,
    "ring-groups/bulk": P.INBOUND_WRITE,
    "ring-groups/new": P.INBOUND_WRITE,
    "ring-groups/<int:group_id>": P.INBOUND_WRITE,
    "ring-groups/<int:group_id>/delete": P.INBOUND_WRITE,
    "time-conditions": P.INBOUND_READ,
    "time-conditions/bulk": P.INBOUND_WRITE,
    "time-conditions/new": P.INBOUND_WRITE,
    "time-conditions/<int:row_id>": P.INBOUND_WRITE,
    "time-conditions/<int:row_id>/delete": P.INBOUND_WRITE,
    "announcements": P.INBOUND_READ,
    "announcements/bulk": P.INBOUND_WRITE,
    "announcements/new": P.INBOUND_WRITE,
    "announcements/<int:announcement_id>/delete": P.INBOUND_WRITE,
    "backups": P.BACKUPS_WRITE,
    "backups/new": P.BACKUPS_WRITE,
    "backups/<int:backup_id>/file": P.BACKUPS_WRITE,
    "backups/<int:backup_id>/delete": P.BACKUPS_WRITE,
    "doctor": P.SECURITY_READ,
    "doctor/scores.json": P.SECURITY_READ,
    "doctor/keep": P.SECURITY_WRITE,
    "doctor/fix/<str:check_id>": P.SECURITY_WRITE,
    "phones": P.PHONES_READ,
    "phones/bulk": P.PHONES_WRITE,
    "phones/import": P.PHONES_WRITE,
    "phones/new": P.PHONES_WRITE,
    "phones/rules": (P.PHONES_READ, P.PHONES_WRITE),
    "phones/<int:phone_id>": (P.PHONES_READ, P.PHONES_WRITE),
    "phones/<int:phone_id>/directory": P.PHONES_WRITE,
    "phones/<int:phone_id>/open": P.PHONES_WRITE,
    "phones/<int:phone_id>/rotate": P.PHONES_WRITE,
    "phones/<int:phone_id>/delete": P.PHONES_WRITE,
    "my/phones": OWN,
    "my/phones/add": OWN,
    "my/phones/<int:phone_id>/delete": OWN,
    "phone": OWN,
    "phone/credential": OWN,
    "phone/state": OWN,
    "phone/calls": OWN,
    "phone/voicemails": OWN,
}
"""By route: what the page needs; of two, the second to send a form."""

STRONGER: Final = frozenset({"my/sessions/<int:session_id>", "operators/<int:operator_id>/delete"})
"""The row that is asked for belongs to the system administrator, who may do more than any operator."""

FORMS: Final[dict[str, dict[str, Any]]] = {
    "users/<int:user_id>": {"display_name": "Changed", "role": "Standard User", "active": "on"},
    "users/<int:user_id>/calling": {"ring_seconds": "33"},
    "roles/<int:role_id>": {"name": "Changed", "permissions": ["users.read"]},
    "groups/<int:group_id>": {"name": "Changed"},
    "users/<int:user_id>/recording": {"rule": "own", "directions": ["internal"]},
}
"""Pages that many may see: what is sent is looked at before who sends it, so each gets what it would take."""


def pair(needed: Needed | tuple[Needed, Needed]) -> tuple[Needed, Needed]:
    return needed if isinstance(needed, tuple) else (needed, needed)


def row_ids(site: Site) -> dict[str, int]:
    """Rows of tenant B, where a page looks for one before it looks at what may be changed."""
    people = site.users["101@b.example"]
    return {"user_id": people, "role_id": Role.objects.get(name="Helpdesk").pk, "tenant_id": site.tenants["b"]}


def address_of(route: str, ids: dict[str, int]) -> str:
    numbered = re.sub(r"<int:(\w+)>", lambda found: str(ids.get(found[1], 1)), route)
    return "/" + re.sub(r"<\w+:\w+>", "allowed", numbered)


def test_every_page_is_written_down() -> None:
    known = {route for route in routes(get_resolver().url_patterns) if not route.startswith(("api/", "static/", "^"))}
    assert known == set(PAGES)


def judged(method: str) -> Iterator[tuple[str, Needed]]:
    for route, needed in PAGES.items():
        one = pair(needed)[method == "POST"]
        if one not in (OWN, ANY_ADMINISTRATOR):
            yield route, one


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_other_permission_opens_a_page(site: Site, method: str) -> None:
    populate(site)
    eve, ids = Somebody(site), row_ids(site)
    opened = []
    for route, needed in judged(method):
        if method == "POST" and route in FORMS:
            continue
        if eve.asks(OF_OPERATORS - {needed}, method, address_of(route, ids)) not in (403, 405):
            opened.append(route)
    assert opened == []


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_permission_of_a_page_is_enough(site: Site, method: str) -> None:
    populate(site)
    eve, ids = Somebody(site), row_ids(site)
    closed = []
    for route, needed in judged(method):
        if needed == SYSTEM_ADMINISTRATOR or route in STRONGER:
            continue
        rights = frozenset(one for one in pair(PAGES[route]) if isinstance(one, Permission))
        if (status := eve.asks(rights, method, address_of(route, ids))) == 403 or status >= 500:
            closed.append(f"{route}: {status}")
    assert closed == []


@pytest.mark.parametrize("route", FORMS)
def test_a_page_that_many_may_see_is_changed_by_few(site: Site, route: str) -> None:
    populate(site)
    eve, ids = Somebody(site), row_ids(site)
    path, before = address_of(route, ids), rows_of(ids["tenant_id"])
    see, change = pair(PAGES[route])
    assert isinstance(see, Permission) and isinstance(change, Permission)
    eve.may(OF_OPERATORS - {change})
    post(eve.browser, path, FORMS[route])
    assert rows_of(ids["tenant_id"]) == before
    eve.may(frozenset({see, change}))
    assert post(eve.browser, path, FORMS[route]).status_code == 302
    assert rows_of(ids["tenant_id"]) != before


def test_pages_of_administrators_are_for_no_user(site: Site) -> None:
    """Who administers nothing has pages of his own; "/" leads there."""
    populate(site)
    browser, ids = walker("101@a.example"), row_ids(site)
    found = {
        route: get(browser, address_of(route, ids)).status_code for route in PAGES if OWN not in pair(PAGES[route])
    }
    assert [route for route, status in found.items() if route and status not in (403, 405)] == []
