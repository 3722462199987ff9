"""Idempotency-Key on POST: a request that is repeated, because its answer was lost, does nothing a second time.

The key belongs to the person and lives for a day. The same key with another request is refused (422), the same key at
the same moment too (409). Only success is kept: after a refusal nothing was done, so the request may be tried again.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django.db import IntegrityError, transaction
from django.utils import timezone
from ninja import Status

from ringfence.portal.actor import ApiRequest
from ringfence.portal.problems import refuse
from ringfence.portal.rest.models import KeptAnswer
from ringfence.portal.rest.problems import KeyInUse
from ringfence.portal.sealing import seal, unseal

HEADER: Final = "Idempotency-Key"
LIFETIME: Final = timedelta(days=1)
_KEY: Final = re.compile(r"[!-~]{1,128}")


def once(request: ApiRequest, key: str, work: Callable[[], Any]) -> Any:
    """The answer of `work`, or the kept one if this request was carried out before."""
    if not _KEY.fullmatch(key):
        raise refuse(HEADER, "idempotency.key", "An Idempotency-Key is 1 to 128 visible ASCII characters.")
    person_id, digest = request.auth.person_id or 0, _digest(request)
    KeptAnswer.objects.filter(created_at__lt=timezone.now() - LIFETIME).delete()
    kept = KeptAnswer.objects.filter(person_id=person_id, key=key).first()
    if kept is not None:
        return _kept_answer(kept, digest)
    try:
        with transaction.atomic():
            row = KeptAnswer.objects.create(person_id=person_id, key=key, request_digest=digest, sealed_answer=b"")
            answer = work()
            row.sealed_answer = seal(_written(answer), _binding(row))
            row.save(update_fields=["sealed_answer"])
            return answer
    except IntegrityError as error:
        if KeptAnswer.objects.filter(person_id=person_id, key=key).exists():
            raise KeyInUse(detail="The same key is being used at this moment; repeat the request.") from error
        raise


def _kept_answer(kept: KeptAnswer, digest: str) -> Any:
    if kept.request_digest != digest:
        raise refuse(HEADER, "idempotency.reused", "This Idempotency-Key was used for another request.")
    answer = json.loads(unseal(bytes(kept.sealed_answer), _binding(kept)))
    return Status(answer["status"], answer["body"])


def _written(answer: Any) -> str:
    status, body = (answer.status_code, answer.value) if isinstance(answer, Status) else (200, answer)
    return json.dumps({"status": status, "body": body}, default=str)


def _digest(request: ApiRequest) -> str:
    words = f"{request.method} {request.get_full_path()}\n".encode()
    return hashlib.sha256(words + request.body).hexdigest()


def _binding(row: KeptAnswer) -> str:
    return f"idempotency:{row.person_id}:{row.key}"
