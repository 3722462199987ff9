"""People, their extensions and their tokens in the database."""

from datetime import datetime
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone

from ringfence.portal.actor import Actor
from ringfence.portal.tenants.models import Tenant

ADMIN, INTERNATIONAL, STANDARD = "Admin", "Standard International User", "Standard User"


class Role(models.Model):
    """What people may call (reference: "Extension Security"), and whether they administer their tenant."""

    name = models.CharField(max_length=64, unique=True)
    internal = models.BooleanField(default=True)
    national = models.BooleanField(default=False)
    international = models.BooleanField(default=False)
    administers_tenant = models.BooleanField(default=False)
    predefined = models.BooleanField(default=False)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.name


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, actor: Actor) -> "PersonQuerySet":
        if actor.administers_system:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)

    def with_extension(self) -> "PersonQuerySet":
        return self.filter(extension__isnull=False).select_related("tenant", "role", "extension__tenant")


class PersonManager(BaseUserManager.from_queryset(PersonQuerySet)):  # type: ignore[misc]
    """Django's sign-in looks people up by this."""

    def get_by_natural_key(self, username: str) -> "Person":
        found: Person = self.get(username=username.lower())
        return found


class Person(AbstractBaseUser):
    """Someone who can sign in: a person of one tenant, or a system administrator, never both and never neither."""

    username = models.CharField(max_length=320, unique=True)
    display_name = models.CharField(max_length=64)
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="people")
    role = models.ForeignKey(Role, null=True, blank=True, on_delete=models.PROTECT, related_name="people")
    is_active = models.BooleanField(default=True)
    is_system_administrator = models.BooleanField(default=False)
    must_change_password = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = PersonManager()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(is_system_administrator=True, tenant__isnull=True)
                | models.Q(is_system_administrator=False, tenant__isnull=False),
                name="tenant_or_system_administrator",
            ),
        )

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def administers(self) -> bool:
        """Whether this person may use the administration pages and the REST API."""
        return self.is_system_administrator or bool(self.role and self.role.administers_tenant)

    def acts_from(self, address: str) -> Actor:
        return Actor(self.username, address, self.pk, self.tenant_id, self.is_system_administrator)


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

    class Meta:
        constraints = (models.UniqueConstraint(fields=("tenant", "number"), name="one_extension_per_number"),)
        ordering = ("tenant_id", "number")

    def __str__(self) -> str:
        return self.aor

    @property
    def aor(self) -> str:
        return f"{self.number}@{self.tenant.domain}"


class ApiToken(models.Model):
    """A bearer token; only its hash is kept. Its scope can only narrow what its owner may do."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="tokens")
    digest = models.CharField(max_length=64, unique=True)
    name = models.CharField(max_length=64, blank=True, default="")
    read_only = models.BooleanField(default=False)
    areas = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_used_from = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        ordering = ("-id",)

    def is_valid(self, now: datetime) -> bool:
        return self.expires_at > now
