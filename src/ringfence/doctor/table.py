"""All checks: the one table that command line, REST, page and documentation read."""

from typing import Final

from ringfence.doctor.checks import calls, host, network, people, sip, web
from ringfence.doctor.finding import Check

CHECKS: Final[tuple[Check, ...]] = (
    *people.CHECKS,
    *sip.CHECKS,
    *web.CHECKS,
    *calls.CHECKS,
    *host.CHECKS,
    *network.CHECKS,
)
BY_ID: Final = {check.id: check for check in CHECKS}

MENDED_BY_PORTAL: Final = frozenset({
    "people.second_factor_not_required", "people.password_rules", "people.common_passwords", "people.login_protection",
    "people.first_password", "people.sessions", "hacking.protections_off", "hacking.thresholds", "hacking.user_agents",
    "hacking.audit_kept", "web.redirects", "web.plain_http",
})  # fmt: skip
"""What can be mended at once because it breaks nothing that should work: settings, by the portal's own changes."""

MENDED_BY_HOST: Final = frozenset({"host.readable_secrets"})
"""The same on the host, by root's command line."""
