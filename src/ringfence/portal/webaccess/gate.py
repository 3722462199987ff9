"""Who stands above the tenants comes only from the networks named for it (reference: "IP allowlists")."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from ringfence.portal.client_address import client_address
from ringfence.portal.middleware import refused_answer
from ringfence.portal.people.models import Person
from ringfence.portal.problems import Forbidden
from ringfence.portal.webaccess.models import AdministratorNetwork

type Answer = Callable[[HttpRequest], HttpResponse]


class NotFromHere(Forbidden):
    error_id = "auth.not_from_here"
    title = "Administrators may not come from this address"


def refuse_from_elsewhere(address: str, above_tenants: bool) -> None:
    """Raises NotFromHere."""
    if above_tenants and not AdministratorNetwork.admits(address):
        raise NotFromHere(detail=f"{address or 'This address'} is in none of the administrators’ networks.")


class AdministratorGate:
    """Every request of a signed-in system administrator; a session carried elsewhere is worth nothing there."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        person = request.user
        if not person.is_authenticated or request.path == "/sign-out":
            return None
        try:
            refuse_from_elsewhere(client_address(request), person.tenant_id is None)
        except NotFromHere as refused:
            return refused_answer(request, refused)
        return None


class AdministratorPlace:
    """Asked before any password is checked: from elsewhere the right one is as wrong as any other, and takes as long,
    or the time would tell the names of administrators.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> None:
        if request is None or not username or AdministratorNetwork.admits(client_address(request)):
            return
        if Person.objects.filter(username=username.lower(), tenant__isnull=True).exists():
            make_password(password)
            raise PermissionDenied

    def get_user(self, user_id: int) -> None:
        return None
