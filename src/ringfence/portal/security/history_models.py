"""What attacks leave in the database: counts by minute, sources by day, the latest cases. Each of them is bounded."""

from django.db import models


class AttackMinute(models.Model):
    """How often something happened in one minute; `minute` is Unix time divided by 60."""

    minute = models.BigIntegerField()
    what = models.CharField(max_length=16)
    why = models.CharField(max_length=64)
    count = models.BigIntegerField(default=0)

    class Meta:
        app_label = "security"
        constraints = (models.UniqueConstraint(fields=("minute", "what", "why"), name="one_count_a_minute"),)

    def __str__(self) -> str:
        return f"{self.what} {self.why}: {self.count}"


class AttackSource(models.Model):
    """How often one source was blocked on one day (Unix time divided by 86,400)."""

    day = models.IntegerField()
    source = models.CharField(max_length=64)
    bans = models.IntegerField(default=0)
    why = models.CharField(max_length=64)
    last_at = models.FloatField()

    class Meta:
        app_label = "security"
        constraints = (models.UniqueConstraint(fields=("day", "source"), name="one_row_a_source_and_day"),)

    def __str__(self) -> str:
        return self.source


class AttackCase(models.Model):
    """One of the latest bans and spared sources, with the reason in words."""

    at = models.FloatField()
    what = models.CharField(max_length=16)
    source = models.CharField(max_length=64)
    why = models.CharField(max_length=64)
    detail = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        app_label = "security"
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.what} {self.source}"
