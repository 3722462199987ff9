"""Answers that are kept for a repeated request."""

from django.db import models


class KeptAnswer(models.Model):
    """The answer to a POST with an Idempotency-Key. It can hold a secret that is shown once, so it is sealed."""

    person_id = models.BigIntegerField()
    key = models.CharField(max_length=128)
    request_digest = models.CharField(max_length=64)
    sealed_answer = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person_id", "key"), name="one_answer_for_a_key"),)
