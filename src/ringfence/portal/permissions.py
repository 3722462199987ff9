"""What one may do: the one table of permissions. Roles, pages, REST and the documentation read it.

A permission of sphere SYSTEM concerns the machine or all tenants, so only operators can hold it; one of sphere TENANT
concerns the people of one tenant (for an operator: of every tenant); one of sphere CALL is what an extension may dial
(reference: "Extension Security").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ringfence.portal.language import told


class Sphere(StrEnum):
    """Whom a permission concerns."""

    CALL = "call"
    TENANT = "tenant"
    SYSTEM = "system"


class Permission(StrEnum):
    """The name that stands in a role, in the API description and in a refusal."""

    CALL_INTERNAL = "call.internal"
    CALL_NATIONAL = "call.national"
    CALL_INTERNATIONAL = "call.international"
    USERS_READ = "users.read"
    USERS_WRITE = "users.write"
    ROLES_WRITE = "roles.write"
    GROUPS_WRITE = "groups.write"
    TENANT_WRITE = "tenant.write"
    BANS_READ = "bans.read"
    BANS_LIFT = "bans.lift"
    CALLS_READ = "calls.read"
    CALLS_WRITE = "calls.write"
    PHONES_READ = "phones.read"
    PHONES_WRITE = "phones.write"
    INBOUND_READ = "inbound.read"
    INBOUND_WRITE = "inbound.write"
    VOICEMAILS_READ = "voicemails.read"
    VOICEMAILS_WRITE = "voicemails.write"
    RECORDINGS_READ = "recordings.read"
    RECORDINGS_WRITE = "recordings.write"
    OUTBOUND_READ = "outbound.read"
    OUTBOUND_WRITE = "outbound.write"
    BUDGETS_WRITE = "budgets.write"
    AUDIT_READ = "audit.read"
    TENANTS_WRITE = "tenants.write"
    OPERATORS_WRITE = "operators.write"
    TRUNKS_READ = "trunks.read"
    TRUNKS_WRITE = "trunks.write"
    RATES_WRITE = "rates.write"
    SECURITY_READ = "security.read"
    SECURITY_WRITE = "security.write"
    SYSTEM_READ = "system.read"
    WEB_WRITE = "web.write"
    BACKUPS_WRITE = "backups.write"


@dataclass(frozen=True, slots=True)
class Right:
    """Whom a permission concerns and what it lets one do, in a sentence for the page."""

    sphere: Sphere
    effect: str


PERMISSIONS: Final[dict[Permission, Right]] = {
    Permission.CALL_INTERNAL: Right(Sphere.CALL, "Call extensions of the own tenant."),
    Permission.CALL_NATIONAL: Right(Sphere.CALL, "Call local and national numbers."),
    Permission.CALL_INTERNATIONAL: Right(Sphere.CALL, "Call international numbers."),
    Permission.USERS_READ: Right(Sphere.TENANT, "See users, groups and roles."),
    Permission.USERS_WRITE: Right(Sphere.TENANT, "Add, change and delete users; replace their secrets and passwords."),
    Permission.ROLES_WRITE: Right(Sphere.TENANT, "Add, change and delete custom roles."),
    Permission.GROUPS_WRITE: Right(Sphere.TENANT, "Add, change and delete groups of users."),
    Permission.TENANT_WRITE: Right(Sphere.TENANT, "Change the tenant's name and time zone."),
    Permission.BANS_READ: Right(Sphere.TENANT, "See which bans concern the own people."),
    Permission.BANS_LIFT: Right(
        Sphere.TENANT, "Lift a ban that only concerns the own people, of an address where one of their phones lives."
    ),
    Permission.CALLS_READ: Right(Sphere.TENANT, "See registrations, live calls and call records."),
    Permission.CALLS_WRITE: Right(Sphere.TENANT, "Start calls for extensions and end running calls."),
    Permission.PHONES_READ: Right(Sphere.TENANT, "See phones and whether their directories are open."),
    Permission.PHONES_WRITE: Right(
        Sphere.TENANT, "Add, change and delete phones; see their secret addresses, which lead to SIP secrets."
    ),
    Permission.INBOUND_READ: Right(Sphere.TENANT, "See numbers, inbound rules and blocked callers."),
    Permission.INBOUND_WRITE: Right(Sphere.TENANT, "Change where called numbers lead and which callers are blocked."),
    Permission.VOICEMAILS_READ: Right(
        Sphere.TENANT, "See and hear the voicemail of all users; who listened is in the audit log."
    ),
    Permission.VOICEMAILS_WRITE: Right(
        Sphere.TENANT, "Change mailboxes and voicemail settings of all users; delete their messages."
    ),
    Permission.RECORDINGS_READ: Right(
        Sphere.TENANT, "See and hear the recordings of all users; who listened is in the audit log."
    ),
    Permission.RECORDINGS_WRITE: Right(
        Sphere.TENANT, "Change what is recorded, start and stop recordings of running calls, delete recordings."
    ),
    Permission.OUTBOUND_READ: Right(Sphere.TENANT, "See codes, office hours and outbound rules, and explain calls."),
    Permission.OUTBOUND_WRITE: Right(
        Sphere.TENANT, "Change number plan, codes, emergency numbers, office hours and outbound rules."
    ),
    Permission.BUDGETS_WRITE: Right(Sphere.TENANT, "See and set budgets of calls outside; lift suspensions."),
    Permission.AUDIT_READ: Right(Sphere.TENANT, "See and export the audit log."),
    Permission.TENANTS_WRITE: Right(Sphere.SYSTEM, "Add and delete tenants; set their limit of extensions."),
    Permission.OPERATORS_WRITE: Right(Sphere.SYSTEM, "Add, change and delete operators."),
    Permission.TRUNKS_READ: Right(Sphere.SYSTEM, "See trunks and their state."),
    Permission.TRUNKS_WRITE: Right(Sphere.SYSTEM, "Add, change and delete trunks; give their numbers to tenants."),
    Permission.RATES_WRITE: Right(Sphere.SYSTEM, "See and change what calls outside cost."),
    Permission.SECURITY_READ: Right(Sphere.SYSTEM, "See security settings, address entries and bans."),
    Permission.SECURITY_WRITE: Right(Sphere.SYSTEM, "Change security settings and address entries; ban and lift."),
    Permission.WEB_WRITE: Right(
        Sphere.SYSTEM, "Change the portal's ports, its certificate and the networks of administrators."
    ),
    Permission.BACKUPS_WRITE: Right(
        Sphere.SYSTEM, "Make, download and delete backups; set when they are made and their passphrase."
    ),
    Permission.SYSTEM_READ: Right(Sphere.SYSTEM, "See the state of the system's processes."),
}


def of_sphere(*spheres: Sphere) -> frozenset[Permission]:
    """All permissions of these spheres."""
    return frozenset(permission for permission, right in PERMISSIONS.items() if right.sphere in spheres)


CALL: Final = of_sphere(Sphere.CALL)
OF_TENANTS: Final = of_sphere(Sphere.TENANT)
OF_OPERATORS: Final = of_sphere(Sphere.TENANT, Sphere.SYSTEM)


def choice(permission: Permission) -> tuple[str, str]:
    """As a form offers it: what it lets one do, and its name."""
    return permission.value, f"{told(PERMISSIONS[permission].effect).removesuffix('.')} ({permission})"


def known(names: Iterable[object]) -> frozenset[Permission]:
    """The permissions with these names; a name that is not in the table gives no right."""
    return frozenset(Permission(name) for name in names if isinstance(name, str) and name in Permission)
