"""Who may open a page. Every view of the portal stands behind one of these."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import urlencode

from ringfence.portal.actor import Actor
from ringfence.portal.client_address import client_address
from ringfence.portal.problems import Forbidden, NotSignedIn

type View = Callable[..., HttpResponse]


def signed_in(view: View) -> View:
    """Anybody who signed in."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    return guarded


def administrators(view: View) -> View:
    """The system administrator and tenant administrators."""

    @signed_in
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        person = request.user
        if not (person.is_authenticated and person.administers):
            raise Forbidden(detail="These pages are for administrators.")
        return view(request, *args, **kwargs)

    return guarded


def system_administrator(view: View) -> View:
    """Only the system administrator."""

    @administrators
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not actor_of(request).administers_system:
            raise Forbidden(detail="Only the system administrator may open this page.")
        return view(request, *args, **kwargs)

    return guarded


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
