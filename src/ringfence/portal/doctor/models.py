"""What the doctor said before."""

from django.db import models


class Examination(models.Model):
    """One examination: the score, how many findings of each severity, and which checks found something."""

    at = models.DateTimeField(db_index=True)
    score = models.PositiveSmallIntegerField()
    checks = models.PositiveSmallIntegerField()
    critical = models.PositiveSmallIntegerField(default=0)
    high = models.PositiveSmallIntegerField(default=0)
    medium = models.PositiveSmallIntegerField(default=0)
    low = models.PositiveSmallIntegerField(default=0)
    found = models.JSONField(default=list)

    class Meta:
        ordering = ("-at", "-id")

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d} {self.score}"
