"""How long this system keeps what it wrote."""

from django.db import models


class KeptData(models.Model):
    """One row for the system. `call_record_days` 0 keeps call records for ever; the audit log's days are a security
    setting, and those of recordings and messages belong to their tenants."""

    log_megabytes = models.PositiveIntegerField(default=8)
    log_files = models.PositiveIntegerField(default=3)
    log_days = models.PositiveIntegerField(default=30)
    call_record_days = models.PositiveIntegerField(default=0)

    @classmethod
    def current(cls) -> "KeptData":
        return cls.objects.filter(pk=1).first() or cls(pk=1)
