"""Where the certificate of the portal and of SIP is ordered, and the orders."""

from typing import Final

from django.db import models

from ringfence.portal.acme.jws import AccountKey, ExternalAccount
from ringfence.portal.jobs import Job, State
from ringfence.portal.sealing import seal, unseal

ACCOUNT_KEY: Final = "acme account key"
EXTERNAL_KEY: Final = "acme external key"
"""What the sealed values are bound to."""


class AcmeSettings(models.Model):
    """One row for the system. `fingerprint` is that of the certificate which was ordered last and put in force; it is
    renewed from `renew_at` on, for as long as it is the one in force."""

    directory = models.CharField(max_length=300, blank=True, default="")
    names = models.JSONField(default=list)
    email = models.CharField(max_length=200, blank=True, default="")
    terms_agreed = models.BooleanField(default=False)
    renew = models.BooleanField(default=True)
    authority = models.TextField(blank=True, default="")
    external_key_id = models.CharField(max_length=200, blank=True, default="")
    external_key = models.BinaryField(default=b"")
    account_key = models.BinaryField(default=b"")
    fingerprint = models.CharField(max_length=100, blank=True, default="")
    renew_at = models.DateTimeField(null=True)
    failures = models.PositiveSmallIntegerField(default=0)

    @classmethod
    def current(cls) -> "AcmeSettings":
        return cls.objects.filter(pk=1).first() or cls(pk=1)

    @property
    def is_complete(self) -> bool:
        """Whether an order can be made."""
        return bool(self.directory and self.names and self.terms_agreed)

    @property
    def external(self) -> ExternalAccount | None:
        """Raises SealBroken."""
        if not self.external_key_id:
            return None
        return ExternalAccount(self.external_key_id, unseal(bytes(self.external_key), EXTERNAL_KEY))

    def keep_external_key(self, key: str) -> None:
        self.external_key = seal(key, EXTERNAL_KEY) if key else b""

    def key_of_account(self) -> AccountKey:
        """Made at the first order and kept from then on. Raises SealBroken."""
        if self.account_key:
            return AccountKey.from_pem(unseal(bytes(self.account_key), ACCOUNT_KEY))
        made = AccountKey.new()
        self.account_key = seal(made.pem, ACCOUNT_KEY)
        self.save(update_fields=["account_key"])
        return made


class CertificateOrder(Job):
    """One order, asked for by somebody or because the certificate is due for renewal."""

    renewal = models.BooleanField(default=False)
    fingerprint = models.CharField(max_length=100, blank=True, default="")
    error = models.CharField(max_length=600, blank=True, default="")

    def __str__(self) -> str:
        return f"order {self.pk}"

    @classmethod
    def last_failed(cls) -> bool:
        """Whether the last order that ended came to nothing."""
        last = cls.objects.exclude(ended_at=None).order_by("-ended_at").first()
        return last is not None and last.state == State.FAILED
