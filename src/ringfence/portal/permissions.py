"""What one may do: the one table of permissions. Roles, pages, REST and the documentation read it.

A permission of scope SYSTEM concerns the machine or all tenants, so only operators can hold it; one of scope TENANT
concerns the people of one tenant (for an operator: of every tenant); one of scope CALL is what an extension may dial
(reference: "Extension Security").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
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
    CALLS_READ = "calls.read"
    AUDIT_READ = "audit.read"
    TENANTS_WRITE = "tenants.write"
    OPERATORS_WRITE = "operators.write"
    SECURITY_READ = "security.read"
    SECURITY_WRITE = "security.write"
    SYSTEM_READ = "system.read"
    WEB_WRITE = "web.write"


@dataclass(frozen=True, slots=True)
class Right:
    """Whom a permission concerns and what it lets one do, in a sentence for the page."""

    scope: Scope
    effect: str


PERMISSIONS: Final[dict[Permission, Right]] = {
    Permission.CALL_INTERNAL: Right(Scope.CALL, "Call extensions of the own tenant."),
    Permission.CALL_NATIONAL: Right(Scope.CALL, "Call local and national numbers."),
    Permission.CALL_INTERNATIONAL: Right(Scope.CALL, "Call international numbers."),
    Permission.USERS_READ: Right(Scope.TENANT, "See users, groups and roles."),
    Permission.USERS_WRITE: Right(Scope.TENANT, "Add, change and delete users; replace their secrets and passwords."),
    Permission.ROLES_WRITE: Right(Scope.TENANT, "Add, change and delete custom roles."),
    Permission.GROUPS_WRITE: Right(Scope.TENANT, "Add, change and delete groups of users."),
    Permission.TENANT_WRITE: Right(Scope.TENANT, "Change the tenant's name and time zone."),
    Permission.CALLS_READ: Right(Scope.TENANT, "See registrations, live calls and call records."),
    Permission.AUDIT_READ: Right(Scope.TENANT, "See and export the audit log."),
    Permission.TENANTS_WRITE: Right(Scope.SYSTEM, "Add and delete tenants; set their limits."),
    Permission.OPERATORS_WRITE: Right(Scope.SYSTEM, "Add, change and delete operators."),
    Permission.SECURITY_READ: Right(Scope.SYSTEM, "See security settings, address entries and bans."),
    Permission.SECURITY_WRITE: Right(Scope.SYSTEM, "Change security settings and address entries; ban and lift."),
    Permission.WEB_WRITE: Right(
        Scope.SYSTEM, "Change the portal's ports, its certificate and the networks of administrators."
    ),
    Permission.SYSTEM_READ: Right(Scope.SYSTEM, "See the state of the system's processes."),
}


def of_scope(*scopes: Scope) -> frozenset[Permission]:
    """All permissions of these scopes."""
    return frozenset(permission for permission, right in PERMISSIONS.items() if right.scope in scopes)


CALL: Final = of_scope(Scope.CALL)
OF_TENANTS: Final = of_scope(Scope.TENANT)
OF_OPERATORS: Final = of_scope(Scope.TENANT, Scope.SYSTEM)


def known(names: Iterable[object]) -> frozenset[Permission]:
    """The permissions with these names; a name that is not in the table gives no right."""
    return frozenset(Permission(name) for name in names if isinstance(name, str) and name in Permission)
