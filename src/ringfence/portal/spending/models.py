"""Rates and budgets in the database. Money is in millionths of the currency unit."""

from django.db import models
from django.db.models import Q

from ringfence.policy.outgoing.spend import MILLION
from ringfence.portal.actor import Actor
from ringfence.portal.tenants.models import Tenant


class MoneyUnit(models.Model):
    """One row for the system: the currency that every amount is in; empty is one that nobody named."""

    currency = models.CharField(max_length=3, blank=True, default="")

    @classmethod
    def current(cls) -> "MoneyUnit":
        return cls.objects.filter(pk=1).first() or cls(pk=1)


class Rate(models.Model):
    """What a minute to numbers with this prefix costs."""

    prefix = models.CharField(max_length=15, unique=True)
    name = models.CharField(max_length=64, blank=True, default="")
    price = models.BigIntegerField()
    fee = models.BigIntegerField(default=0)
    first = models.PositiveIntegerField(default=60)
    each = models.PositiveIntegerField(default=60)

    class Meta:
        ordering = ("prefix",)

    def __str__(self) -> str:
        return self.prefix

    @property
    def price_shown(self) -> float:
        return self.price / MILLION

    @property
    def fee_shown(self) -> float:
        return self.fee / MILLION


class BudgetQuerySet(models.QuerySet["Budget"]):
    def visible_to(self, actor: Actor) -> "BudgetQuerySet":
        if actor.above_tenants:
            return self.all()
        return self.none() if actor.tenant_id is None else self.filter(tenant_id=actor.tenant_id)


class Budget(models.Model):
    """The limits of one owner, such as `tenant:3`, or of all of a kind, such as `tenant`. Null is no limit."""

    owner = models.CharField(max_length=330, unique=True)
    tenant = models.ForeignKey(Tenant, null=True, blank=True, on_delete=models.CASCADE, related_name="budgets")
    enabled = models.BooleanField(default=True)
    warning_percent = models.PositiveIntegerField(default=80)
    calls_per_minute = models.PositiveIntegerField(null=True, blank=True)
    minutes_per_day = models.PositiveIntegerField(null=True, blank=True)
    money_per_day = models.BigIntegerField(null=True, blank=True)
    new_destinations_per_day = models.PositiveIntegerField(null=True, blank=True)
    parallel_international = models.PositiveIntegerField(null=True, blank=True)

    objects = BudgetQuerySet.as_manager()

    class Meta:
        ordering = ("owner",)
        constraints = (models.CheckConstraint(condition=~Q(owner=""), name="a_budget_has_an_owner"),)

    def __str__(self) -> str:
        return self.owner

    @property
    def money_shown(self) -> float | None:
        return None if self.money_per_day is None else self.money_per_day / MILLION
