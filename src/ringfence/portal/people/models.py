"""People, their extensions and their tokens in the database."""

from datetime import datetime
from typing import Any, ClassVar, Final

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone

from ringfence.portal.actor import Actor
from ringfence.portal.permissions import CALL, OF_OPERATORS, OF_TENANTS, Permission, known
from ringfence.portal.tenants.models import Tenant

ADMIN, INTERNATIONAL, STANDARD = "Admin", "Standard International User", "Standard User"
OPERATOR = "Operator"

PREDEFINED: Final[dict[str, frozenset[Permission]]] = {
    ADMIN: OF_TENANTS | CALL,
    INTERNATIONAL: CALL,
    STANDARD: frozenset({Permission.CALL_INTERNAL}),
    OPERATOR: frozenset(
        {Permission.USERS_READ, Permission.CALLS_READ, Permission.AUDIT_READ}
        | {Permission.SECURITY_READ, Permission.SYSTEM_READ}
    ),
}
"""Default roles (reference: "Extension Security") and one for operators, who look and change nothing."""


class RoleQuerySet(models.QuerySet["Role"]):
    def visible_to(self, actor: Actor) -> "RoleQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.for_tenant(actor.tenant_id)

    def for_tenant(self, tenant_id: int) -> "RoleQuerySet":
        """The roles that people of this tenant can have: the predefined ones and its own."""
        return self.filter(models.Q(tenant_id=tenant_id) | models.Q(tenant=None, predefined=True)).exclude(
            name=OPERATOR, tenant=None
        )

    def of_extensions(self) -> "RoleQuerySet":
        """Every role that somebody with an extension can have."""
        return self.exclude(tenant=None, predefined=False).exclude(tenant=None, name=OPERATOR)

    def for_operators(self) -> "RoleQuerySet":
        return self.filter(tenant=None).filter(models.Q(predefined=False) | models.Q(name=OPERATOR))


class Role(models.Model):
    """What people may call, and what they may do in the portal and over REST."""

    name = models.CharField(max_length=64)
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="roles")
    description = models.CharField(max_length=200, blank=True, default="")
    internal = models.BooleanField(default=True)
    national = models.BooleanField(default=False)
    international = models.BooleanField(default=False)
    administers_tenant = models.BooleanField(default=False)
    permissions = models.JSONField(default=list)
    predefined = models.BooleanField(default=False)

    objects = RoleQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("tenant", "name"), name="one_role_of_a_name_in_a_tenant"),
            models.UniqueConstraint(
                fields=("name",), condition=models.Q(tenant__isnull=True), name="one_role_of_a_name_above_tenants"
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def granted(self) -> frozenset[Permission]:
        """Everything the role permits. A predefined role always permits what the table says today."""
        if self.predefined:
            return PREDEFINED.get(self.name, frozenset())
        return known(self.permissions)

    def hold(self, rights: frozenset[Permission]) -> None:
        """Stores what the role permits; the call permissions also as columns, for lists."""
        self.permissions = sorted(rights)
        self.internal = Permission.CALL_INTERNAL in rights
        self.national = Permission.CALL_NATIONAL in rights
        self.international = Permission.CALL_INTERNATIONAL in rights
        self.administers_tenant = rights >= OF_TENANTS


def role_key(name: str, domain: str | None) -> str:
    """A role's name in the policy store, where two tenants may each have a role of that name."""
    return f"{name}@{domain}" if domain else name


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, actor: Actor) -> "PersonQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)

    def with_extension(self) -> "PersonQuerySet":
        return self.filter(extension__isnull=False).select_related("tenant", "role", "extension__tenant")


class GroupQuerySet(models.QuerySet["Group"]):
    def visible_to(self, actor: Actor) -> "GroupQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)


class PersonManager(BaseUserManager.from_queryset(PersonQuerySet)):  # type: ignore[misc]
    """Django's sign-in looks people up by this."""

    def get_by_natural_key(self, username: str) -> "Person":
        found: Person = self.get(username=username.lower())
        return found


class Person(AbstractBaseUser):
    """Someone who can sign in: a person of one tenant, or above the tenants a system administrator or an operator."""

    username = models.CharField(max_length=320, unique=True)
    display_name = models.CharField(max_length=64)
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="people")
    role = models.ForeignKey(Role, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    is_active = models.BooleanField(default=True)
    is_system_administrator = models.BooleanField(default=False)
    must_change_password = models.BooleanField(default=False)
    language = models.CharField(max_length=8, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = PersonManager()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(is_system_administrator=True, tenant__isnull=True)
                | models.Q(is_system_administrator=False, tenant__isnull=False)
                | models.Q(is_system_administrator=False, role__isnull=False),
                name="tenant_or_above_tenants",
            ),
        )

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role permits here: a role of another tenant, or of operators below them, permits nothing."""
        if self.role is None or not self.is_active:
            return frozenset()
        if self.tenant_id is None:
            return self.role.granted & OF_OPERATORS if self.role.tenant_id is None else frozenset()
        fits = self.role.tenant_id == self.tenant_id or (self.role.tenant_id is None and self.role.predefined)
        return self.role.granted & (OF_TENANTS | CALL) if fits else frozenset()

    @property
    def administers(self) -> bool:
        """Whether this person may use the administration pages and the REST API."""
        return self.is_system_administrator or bool(self.permissions - CALL)

    @property
    def operates(self) -> bool:
        """Whether this person stands above the tenants without being the system administrator."""
        return self.tenant_id is None and not self.is_system_administrator and self.administers

    def acts_from(self, address: str) -> Actor:
        return Actor(
            self.username,
            address,
            self.pk,
            self.tenant_id,
            self.is_system_administrator,
            self.operates,
            self.permissions,
        )


class Group(models.Model):
    """People of one tenant under one name; outbound rules and pages can name it instead of each person."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="groups")
    name = models.CharField(max_length=64)
    description = models.CharField(max_length=200, blank=True, default="")
    members = models.ManyToManyField(Person, related_name="member_of", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GroupQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(fields=("tenant", "name"), name="one_group_of_a_name"),)

    def __str__(self) -> str:
        return self.name


class Extension(models.Model):
    """A person's number in the tenant. Holds digests and the sealed secret, never the secret itself."""

    person = models.OneToOneField(Person, on_delete=models.CASCADE, related_name="extension")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="extensions")
    number = models.CharField(max_length=64)
    ha1_md5 = models.CharField(max_length=32)
    ha1_sha256 = models.CharField(max_length=64)
    previous_ha1_md5 = models.CharField(max_length=32, blank=True, default="")
    previous_ha1_sha256 = models.CharField(max_length=64, blank=True, default="")
    sealed_secret = models.BinaryField()
    secret_changed_at = models.DateTimeField(default=timezone.now)
    calling = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tenant", "number"), name="one_extension_per_number"),)
        ordering = ("tenant_id", "number")

    def __str__(self) -> str:
        return self.aor

    @property
    def aor(self) -> str:
        return f"{self.number}@{self.tenant.domain}"


def extensions_named(wanted: str) -> "models.QuerySet[Extension, Any]":
    """The keys of extensions whose number begins with this text or whose person has it in the name.

    Two questions to one table each: one that asks both tables at once makes the database join them first.
    """
    people = Extension.objects.filter(person__in=Person.objects.filter(display_name__icontains=wanted).order_by())
    numbers = Extension.objects.filter(number__startswith=wanted)
    return people.order_by().values("pk").union(numbers.order_by().values("pk"))


class ApiToken(models.Model):
    """A bearer token; only its hash is kept. Its scope can only narrow what its owner may do."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=64, blank=True, default="")
    read_only = models.BooleanField(default=False)
    permissions = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ("-id",)

    def is_valid(self, now: datetime) -> bool:
        return self.expires_at > now

    def reaches(self, permission: Permission) -> bool:
        """Whether the token's own scope holds this permission; its owner's rights are another question."""
        return not self.permissions or permission.value in self.permissions
