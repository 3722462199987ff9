"""The state of this installation."""

from django.db import models


class Installation(models.Model):
    """The one row that says whether an administrator exists. Until `set_up_at` is filled nothing but setup answers."""

    setup_token_digest = models.CharField(max_length=64, blank=True, default="")
    setup_token_made_at = models.DateTimeField(null=True)
    set_up_at = models.DateTimeField(null=True)
    guide_step = models.CharField(max_length=32, blank=True, default="")

    @classmethod
    def is_set_up(cls) -> bool:
        return cls.objects.filter(pk=1, set_up_at__isnull=False).exists()


class PendingPublish(models.Model):
    """A committed change that the policy store does not have yet. An empty address of record means the rules."""

    aor = models.CharField(max_length=320, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
