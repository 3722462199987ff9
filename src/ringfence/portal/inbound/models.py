"""Numbers, inbound rules and blocked callers in the database."""

from typing import Self

from django.db import models

from ringfence.portal.actor import Actor
from ringfence.portal.tenants.models import Tenant
from ringfence.portal.trunks.models import Trunk


class OwnedQuerySet[M: models.Model](models.QuerySet[M]):
    def visible_to(self, actor: Actor) -> Self:
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)


class NumberRange(models.Model):
    """`first` and `last` are E.164 with a plus and equally long, so texts compare as numbers do."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    first = models.CharField(max_length=20)
    last = models.CharField(max_length=20)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.first if self.first == self.last else f"{self.first} to {self.last}"

    def numbers(self) -> list[str]:
        """Every number of it."""
        width = len(self.first) - 1
        return [f"+{number:0{width}}" for number in range(int(self.first), int(self.last) + 1)]


class NumberPool(NumberRange):
    """Numbers of one tenant that are reached over one trunk."""

    trunk = models.ForeignKey(Trunk, on_delete=models.PROTECT, related_name="pools")

    objects = OwnedQuerySet["NumberPool"].as_manager()

    class Meta:
        ordering = ("first", "id")


class InboundRule(NumberRange):
    """Where some numbers of a pool lead; `destination` is the text form of a policy `Destination`."""

    name = models.CharField(max_length=64)
    destination = models.CharField(max_length=96)

    objects = OwnedQuerySet["InboundRule"].as_manager()

    class Meta:
        ordering = ("first", "id")


class BlockedCaller(models.Model):
    """A number, a beginning of numbers that ends with `*`, or the word `anonymous`."""

    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE, related_name="+")
    pattern = models.CharField(max_length=24)
    description = models.CharField(max_length=200, blank=True, default="")

    objects = OwnedQuerySet["BlockedCaller"].as_manager()

    class Meta:
        ordering = ("pattern", "id")
        constraints = (models.UniqueConstraint(fields=("tenant", "pattern"), name="one_block_of_a_pattern"),)

    def __str__(self) -> str:
        return self.pattern


def has_number(tenant_id: int, number: str) -> bool:
    """Whether a number is the tenant's: in its pools, or one that a trunk of its own may show."""
    return _is_among(number, NumberPool.objects.filter(tenant_id=tenant_id), Trunk.objects.filter(tenant_id=tenant_id))


def is_anothers(tenant_id: int, number: str) -> bool:
    """Whether a number, written with its plus or without, is that of another tenant."""
    wanted = f"+{number.removeprefix('+')}"
    others = Trunk.objects.filter(tenant__isnull=False).exclude(tenant_id=tenant_id)
    theirs = _is_among(wanted, NumberPool.objects.exclude(tenant_id=tenant_id), others)
    return theirs and not has_number(tenant_id, wanted)


def _is_among(number: str, pools: "models.QuerySet[NumberPool]", trunks: "models.QuerySet[Trunk]") -> bool:
    found = pools.filter(first__lte=number, last__gte=number)
    if any(len(pool.first) == len(number) for pool in found):
        return True
    patterns = (pattern for trunk in trunks for pattern in trunk.numbers)
    return any(number.startswith(one[:-1]) if one.endswith("*") else number == one for one in patterns)
