"""Pages: setup, sign-in, dashboard, change password."""

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from ringfence.portal.client_address import client_address
from ringfence.portal.problems import Refused
from ringfence.portal.security.weblogin import remember_administrator
from ringfence.portal.system.models import Installation
from ringfence.portal.system.setup import set_up

BACKEND = "django.contrib.auth.backends.ModelBackend"


def setup(request: HttpRequest) -> HttpResponse:
    """Makes the administrator. The token comes in the link's fragment, which browsers never send; a script fills it in."""
    if Installation.is_set_up():
        return HttpResponseRedirect("/sign-in")
    refused: Refused | None = None
    if request.method == "POST":
        password = request.POST.get("password", "")
        try:
            if password != request.POST.get("again", ""):
                raise _not_equal()
            person = set_up(request.POST.get("token", ""), password, client_address(request))
        except Refused as error:
            refused = error
        else:
            login(request, person, BACKEND)
            remember_administrator(client_address(request))
            return HttpResponseRedirect("/")
    return render(request, "system/setup.html", {"refused": refused, "token": request.POST.get("token", "")}, status=refused.status if refused else 200)


def _not_equal() -> Refused:
    from ringfence.portal.problems import refuse

    return refuse("again", "password.not_equal", "The two passwords differ.")
