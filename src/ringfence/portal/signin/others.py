"""What an administrator does for somebody else's sign-in; on the page of the user."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.people.api import user_of
from ringfence.portal.permissions import Permission
from ringfence.portal.signin import recovery


@permitted(Permission.USERS_WRITE)
@require_POST
def first_password(request: HttpRequest, user_id: int) -> HttpResponse:
    """The password is on the answer's page, and nowhere else."""
    actor = actor_of(request)
    person = user_of(actor, user_id)
    password = recovery.give_first_password(actor, person)
    return render(request, "signin/first_password.html", {"person": person, "password": password})


@permitted(Permission.USERS_WRITE)
@require_POST
def reset_second_factor(request: HttpRequest, user_id: int) -> HttpResponse:
    actor = actor_of(request)
    person = user_of(actor, user_id)
    recovery.remove_second_factors(actor, person)
    messages.success(
        request, f"{person.display_name} signs in with the password alone now and can set up a new second factor."
    )
    return HttpResponseRedirect(f"/users/{person.pk}")
