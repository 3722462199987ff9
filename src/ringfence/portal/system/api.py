"""REST: setup, status."""

from typing import Any, Final

from django.http import HttpResponse
from django.utils import timezone
from ninja import Field, Router, Status

from ringfence import __version__
from ringfence.portal import guard
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.client_address import client_address
from ringfence.portal.people.models import Extension
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.schema import In
from ringfence.portal.security.weblogin import remember_administrator
from ringfence.portal.system import metrics
from ringfence.portal.system.models import PendingPublish
from ringfence.portal.system.setup import set_up
from ringfence.portal.tenants.models import Tenant

router = Router()

AS_TEXT: Final = {"description": "OK", "content": {"text/plain": {"schema": {"type": "string"}}}}


class SetupIn(In):
    token: str = Field(max_length=256)
    password: str = Field(max_length=256)


@router.post("setup", auth=None, response={201: dict[str, Any]})
def finish_setup(request: ApiRequest, payload: SetupIn) -> Status[Any]:
    address = client_address(request)
    person = set_up(payload.token, payload.password, address)
    remember_administrator(person, address)
    return Status(201, {"id": person.pk, "username": person.username})


@router.get("status")
def status(request: ApiRequest) -> dict[str, Any]:
    """The state of the system; `guard` is null while the guard does not answer."""
    facts: dict[str, Any] = {
        "version": __version__,
        "now": timezone.now().isoformat(),
        "tenants": Tenant.objects.visible_to(request.auth).count(),
        "extensions": Extension.objects.filter(tenant__in=Tenant.objects.visible_to(request.auth)).count(),
    }
    if request.auth.may(Permission.SYSTEM_READ):
        facts |= {"pending_changes": PendingPublish.objects.count(), "guard": guard_status()}
    return facts


@router.get("metrics", openapi_extra={"responses": {200: AS_TEXT}})
@needs(Permission.SYSTEM_READ)
def show_metrics(request: ApiRequest) -> HttpResponse:
    """For Prometheus, in its text format; give it a read-only token with the permission system.read."""
    return HttpResponse(metrics.text(), content_type="text/plain; version=0.0.4; charset=utf-8")


def guard_status() -> dict[str, Any] | None:
    try:
        answer = guard.ask("status", 1.0)
    except Refused:
        return None
    return dict(answer) if isinstance(answer, dict) else {"status": answer}
