"""Trunks in the database."""

from django.db import models
from django.db.models.functions import Lower

from ringfence.policy.relay.encryption import Encryption
from ringfence.policy.trunking.trunks import CallerIn, TrunkKind, TrunkTransport
from ringfence.portal.actor import Actor
from ringfence.portal.tenants.models import Tenant


class TrunkQuerySet(models.QuerySet["Trunk"]):
    def visible_to(self, actor: Actor) -> "TrunkQuerySet":
        """Above the tenants all of them; a tenant has its own and the shared ones."""
        if actor.above_tenants:
            return self.all()
        return self.filter(models.Q(tenant=None) | models.Q(tenant_id=actor.tenant_id))


class Trunk(models.Model):
    """One trunk. `tenant` null is shared by all tenants; `secret` is the sealed password.

    `hosts` are [name or address, port] where calls go to, `sources` [prefix, port or 0] where they come from;
    `resolved` are the addresses of hosts that are names, as they were found last.
    """

    name = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=[(item.value, item.value) for item in TrunkKind])
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="trunks")
    enabled = models.BooleanField(default=True)
    transport = models.CharField(max_length=4, choices=[(item.value, item.value) for item in TrunkTransport])
    encryption = models.CharField(max_length=8, choices=[(item.value, item.value) for item in Encryption])
    aes_256_only = models.BooleanField(default=False)
    link = models.CharField(max_length=64, blank=True, default="")
    hosts = models.JSONField(default=list)
    sources = models.JSONField(default=list)
    resolved = models.JSONField(default=dict)
    domain = models.CharField(max_length=253, blank=True, default="")
    username = models.CharField(max_length=64, blank=True, default="")
    realm = models.CharField(max_length=128, blank=True, default="")
    auth_username = models.CharField(max_length=64, blank=True, default="")
    from_domain = models.CharField(max_length=253, blank=True, default="")
    caller_in = models.CharField(
        max_length=24, choices=[(item.value, item.value) for item in CallerIn], default=CallerIn.FROM.value
    )
    secret = models.BinaryField(default=b"")
    expires = models.PositiveIntegerField(default=300)
    keepalive = models.PositiveIntegerField(default=30)
    country_code = models.CharField(max_length=3, blank=True, default="")
    trunk_prefix = models.CharField(max_length=3, blank=True, default="0")
    numbers = models.JSONField(default=list)
    default_number = models.CharField(max_length=32, blank=True, default="")
    user_agent = models.CharField(max_length=128, blank=True, default="")
    max_calls = models.PositiveIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TrunkQuerySet.as_manager()

    class Meta:
        ordering = ("id",)
        constraints = (models.UniqueConstraint(Lower("name"), name="one_trunk_of_a_name"),)

    def __str__(self) -> str:
        return self.name

    @property
    def bound_to(self) -> str:
        """What its password is sealed to."""
        return f"trunk:{self.pk}"

    @property
    def account(self) -> str:
        """The address of record of the gateway that registers here; "" for other kinds."""
        return f"{self.username}@{self.domain}" if self.kind == TrunkKind.ACCEPT_REGISTER else ""


class TenantShare(models.Model):
    """How many calls one tenant may have at a time over a trunk that it shares with others."""

    trunk = models.ForeignKey(Trunk, on_delete=models.CASCADE, related_name="shares")
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    max_calls = models.PositiveIntegerField()

    class Meta:
        ordering = ("tenant_id",)
        constraints = (models.UniqueConstraint(fields=("trunk", "tenant"), name="one_share_of_a_tenant_in_a_trunk"),)
