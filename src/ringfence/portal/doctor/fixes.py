"""What can be mended at once, because it breaks nothing that should work: each by the same change as its page.

What may lock somebody out, end a call or cost a phone its registration is not here: for that there is advice.
"""

from collections.abc import Callable
from typing import Any, Final

from ringfence.policy.settings import SecuritySettings
from ringfence.portal.actor import Actor
from ringfence.portal.audit.chain import append
from ringfence.portal.problems import NotFound
from ringfence.portal.security.changes import KNOWN_SCANNERS, block_user_agent, change_settings
from ringfence.portal.security.models import BlockedUserAgent
from ringfence.portal.signin.models import SignInRules
from ringfence.portal.signin.passwords import change_rules
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.webaccess.changes import switch_listeners

type Fix = Callable[[Actor], Any]

USUAL: Final = SecuritySettings()
PROTECTIONS: Final = (
    "failed_authentication_enabled", "failed_challenge_enabled", "level_1_enabled", "level_2_enabled",
    "unknown_sources_enabled", "unknown_connections_enabled",
)  # fmt: skip
THRESHOLDS: Final = (
    "detection_period", "failed_authentication_limit", "failed_authentication_block", "failed_challenge_limit",
    "failed_challenge_block", "level_1_packets", "level_1_block", "level_2_packets", "level_2_block",
)  # fmt: skip
WEB_LOGIN: Final = ("web_login_enabled", "web_failed_login_limit", "web_login_block")
SESSIONS: Final = ("web_idle_timeout", "web_session_lifetime")


def _defaults(*names: str) -> Fix:
    return lambda actor: change_settings(actor, {name: getattr(USUAL, name) for name in names})


def _required_factor(actor: Actor) -> None:
    change_settings(actor, {"web_second_factor_required": True})
    for tenant in Tenant.objects.visible_to(actor):
        if SignInRules.of(tenant.pk).second_factor == "nobody":
            change_rules(actor, tenant, second_factor="administrators")


def _password_rules(*names: str) -> Fix:
    def mend(actor: Actor) -> None:
        wanted: dict[str, Any] = dict.fromkeys(names, True)
        for tenant in (None, *Tenant.objects.visible_to(actor)):
            change_rules(actor, tenant, wanted)

    return mend


def _user_agents(actor: Actor) -> None:
    change_settings(actor, {"blocked_user_agents_enabled": True})
    if not BlockedUserAgent.objects.exists():
        for pattern in KNOWN_SCANNERS:
            block_user_agent(actor, pattern)


FIXES: Final[dict[str, Fix]] = {
    "people.second_factor_not_required": _required_factor,
    "people.password_rules": _password_rules(
        "letter", "number", "uppercase_or_special", "sequence", "repeat", "account", "common"
    ),
    "people.common_passwords": _password_rules("common"),
    "people.login_protection": _defaults(*WEB_LOGIN),
    "people.first_password": _defaults("web_change_first_password"),
    "people.sessions": _defaults(*SESSIONS),
    "hacking.protections_off": _defaults(*PROTECTIONS),
    "hacking.thresholds": _defaults(*THRESHOLDS),
    "hacking.user_agents": _user_agents,
    "hacking.audit_kept": _defaults("web_audit_retention"),
    "web.redirects": lambda actor: switch_listeners(actor, {"redirect_80": False, "redirect_443": False}),
    "web.plain_http": lambda actor: switch_listeners(actor, {"provisioning_http": False}),
}


def apply(actor: Actor, check_id: str) -> None:
    """Mends what a check found. Each fix asks for the permission of its setting. Raises Refused."""
    fix = FIXES.get(check_id)
    if fix is None:
        raise NotFound(detail=f"Nothing can be mended at once for {check_id!r}; the finding says what to do.")
    fix(actor)
    append(actor, "doctor.fixed", check_id, check_id)


def is_fixable(check_id: str) -> bool:
    return check_id in FIXES
