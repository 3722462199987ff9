"""Writes down who was refused a right (OWASP ASVS 16.3.2): an attempt tells more than the change it would have been."""

from django.db import transaction
from django.http import HttpRequest

from ringfence.portal.actor import Actor
from ringfence.portal.audit.chain import append
from ringfence.portal.problems import Refused


def note_refusal(actor: object, request: HttpRequest, refused: Refused) -> None:
    """Nothing for strangers, who could fill the log; the sign-in limit is for them."""
    if not isinstance(actor, Actor):
        return
    facts = {"request": {"new": f"{request.method} {request.path}"[:300]}, "rule": {"new": refused.error_id}}
    with transaction.atomic():
        append(actor, "access.refused", "", request.path, facts, actor.tenant_id)
