"""Sessions, spent codes and each tenant's rules for signing in."""

import hashlib
from datetime import datetime

from django.db import models

from ringfence.portal.actor import Actor
from ringfence.portal.people.models import Person
from ringfence.portal.tenants.models import Tenant


class SecondFactor(models.TextChoices):
    """Who must have a second factor beside the password."""

    NOBODY = "nobody", "Nobody has to"
    ADMINISTRATORS = "administrators", "Administrators"
    EVERYBODY = "everybody", "Everybody"


class SignInRules(models.Model):
    """A tenant's password policy and second factors; the row without a tenant is for system administrators."""

    tenant = models.OneToOneField(Tenant, null=True, on_delete=models.CASCADE, related_name="sign_in_rules")
    password_policy = models.JSONField(default=dict)
    second_factor = models.CharField(max_length=16, choices=SecondFactor, default=SecondFactor.NOBODY)

    @classmethod
    def of(cls, tenant_id: int | None) -> "SignInRules":
        """The rules in force; an unsaved row of defaults when nothing was ever changed."""
        return cls.objects.filter(tenant_id=tenant_id).first() or cls(tenant_id=tenant_id)


class SessionQuerySet(models.QuerySet["PortalSession"]):
    def visible_to(self, actor: Actor) -> "SessionQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(person__tenant_id=actor.tenant_id)

    def open(self) -> "SessionQuerySet":
        return self.filter(ended_at__isnull=True)


class PortalSession(models.Model):
    """One signed-in browser. The cookie's key is kept as a hash; a session without an open row is over."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="sessions")
    digest = models.CharField(max_length=64, unique=True)
    factors = models.CharField(max_length=32)
    rights = models.CharField(max_length=64)
    address = models.CharField(max_length=64, blank=True)
    user_agent = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ("-last_seen_at",)
        indexes = (models.Index(fields=("person", "address"), name="session_of_person_at_address"),)

    def __str__(self) -> str:
        return f"{self.person} from {self.address}"


class SpentCode(models.Model):
    """A one-time code that was used: it never works again (RFC 6238, 5.2)."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="spent_codes")
    digest = models.CharField(max_length=64)
    spent_at = models.DateTimeField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "digest"), name="a_code_works_once"),)


class WrongCode(models.Model):
    """A wrong second factor after the right password."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="wrong_codes")
    tried_at = models.DateTimeField(db_index=True)

    @classmethod
    def since(cls, person: Person, moment: datetime) -> int:
        return cls.objects.filter(person=person, tried_at__gte=moment).count()


def digest_of(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
