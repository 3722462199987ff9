"""Who may open a page or use an operation of the API. Every view of the portal stands behind one of these."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import urlencode
from ninja.utils import contribute_operation_callback

from ringfence.portal.actor import Actor
from ringfence.portal.client_address import client_address
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Forbidden, NotSignedIn, PermissionMissing

type View = Callable[..., HttpResponseBase]
type Operation = Callable[..., Any]


def signed_in(view: View) -> View:
    """Anybody who signed in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    return guarded


def administrators(view: View) -> View:
    """The system administrator and tenant administrators."""

    @signed_in
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        person = request.user
        if not (person.is_authenticated and person.administers):
            raise Forbidden(detail="These pages are for administrators.")
        return view(request, *args, **kwargs)

    return guarded


def system_administrator(view: View) -> View:
    """Only the system administrator."""

    @administrators
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not actor_of(request).administers_system:
            raise Forbidden(detail="Only the system administrator may open this page.")
        return view(request, *args, **kwargs)

    return guarded


def permitted(permission: Permission, to_change: Permission | None = None) -> Callable[[View], View]:
    """Whoever holds this permission; to send a form of the page needs `to_change` too, where it is given."""

    def behind(view: View) -> View:
        @signed_in
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            require(actor_of(request), permission)
            if to_change is not None and request.method not in ("GET", "HEAD"):
                require(actor_of(request), to_change)
            return view(request, *args, **kwargs)

        return guarded

    return behind


def needs(permission: Permission) -> Callable[[Operation], Operation]:
    """The permission that an operation of the API asks; it stands in the API description as `x-permission`."""

    def describe(described: Any) -> None:
        described.openapi_extra = {**(described.openapi_extra or {}), "x-permission": permission.value}

    def behind(operation: Operation) -> Operation:
        @wraps(operation)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            require(request.auth, permission)
            return operation(request, *args, **kwargs)

        contribute_operation_callback(guarded, describe)
        return guarded

    return behind


def require(actor: Actor, permission: Permission) -> None:
    """Raises PermissionMissing, which names the permission."""
    if not actor.may(permission):
        raise PermissionMissing(permission)


def require_any(actor: Actor, *enough: Permission) -> None:
    """For what more than one permission lets one see. Raises PermissionMissing, which names the first."""
    if not any(actor.may(permission) for permission in enough):
        raise PermissionMissing(enough[0])


def actor_of(request: HttpRequest) -> Actor:
    person = request.user
    if not person.is_authenticated:
        raise NotSignedIn
    return person.acts_from(client_address(request))


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """A live fragment must not draw the sign-in page into a table: htmx is told to go there."""
    if request.headers.get("HX-Request"):
        response = HttpResponse(status=204)
        response["HX-Redirect"] = "/sign-in"
        return response
    return HttpResponseRedirect(f"/sign-in?{urlencode({'next': request.get_full_path()})}")
