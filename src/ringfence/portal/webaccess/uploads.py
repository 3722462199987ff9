"""Who may send the web server a whole list: asked before its first byte is taken.

Without it anybody could fill the disk with bodies of 129 MiB that are refused only when they have arrived.
"""

from typing import Final

from django.http import HttpRequest, HttpResponse

from ringfence.portal.client_address import client_address
from ringfence.portal.people import tokens
from ringfence.portal.people.models import Person
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Forbidden
from ringfence.portal.signin.duties import second_factor_missing
from ringfence.portal.webaccess.gate import refuse_from_elsewhere

RATES: Final = "rates"


def large_upload(request: HttpRequest) -> HttpResponse:
    """The web server's own question; 204 is yes. The request itself is judged as always when it has arrived."""
    person = _sender(request)
    if person is None:
        return HttpResponse(status=401)
    needed = Permission.RATES_WRITE if request.headers.get("X-List") == RATES else Permission.SECURITY_WRITE
    return HttpResponse(status=204 if _may(request, person, needed) else 403)


def _sender(request: HttpRequest) -> Person | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        found = tokens.bearer(token.strip())
        return found.person if found is not None and not found.read_only else None
    return request.user if request.user.is_authenticated else None


def _may(request: HttpRequest, person: Person, needed: Permission) -> bool:
    if person.must_change_password or second_factor_missing(person):
        return False
    try:
        refuse_from_elsewhere(client_address(request), person.tenant_id is None)
    except Forbidden:
        return False
    return person.is_system_administrator or needed in person.permissions
