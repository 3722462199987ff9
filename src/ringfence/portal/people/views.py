"""Pages: users with their extensions."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.people import changes
from ringfence.portal.people.api import user_of
from ringfence.portal.people.bulk import change_many
from ringfence.portal.people.calling import calling_of
from ringfence.portal.people.forms import NewUserForm, UserForm
from ringfence.portal.people.models import Person
from ringfence.portal.people.table import extensions_of, users_table
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.tables import answer
from ringfence.portal.tables.bulk import marked
from ringfence.portal.tenants.models import Tenant


@permitted(Permission.USERS_READ)
def users(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    has_tenant = Tenant.objects.visible_to(actor).exists()
    return answer(request, users_table(actor), extensions_of(actor), "people/users.html", has_tenant=has_tenant)


@permitted(Permission.USERS_WRITE)
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """The same for every marked user, or for none of them."""
    try:
        done = change_many(actor_of(request), marked(request), request.POST.get("action", ""))
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(
            request, ngettext("%(done)d user is changed.", "%(done)d users are changed.", done) % {"done": done}
        )
    return HttpResponseRedirect("/users")


@permitted(Permission.USERS_WRITE)
def new(request: HttpRequest) -> HttpResponse:
    """After the last step the SIP secret is on the page, and nowhere else."""
    actor = actor_of(request)
    form = NewUserForm(actor, request.POST or None, initial={"tenant_id": request.GET.get("tenant")})
    if form.is_valid():
        try:
            person, secret = changes.create_user(actor, changes.NewUser(**form.cleaned_data))
        except Refused as refused:
            form.explain(refused)
        else:
            return _show_secret(request, person, secret, is_new=True)
    facts = {
        "form": form,
        "title": "Add User",
        "button": "Add User",
        "back": "/users",
        "intro": _("The SIP secret is generated for you and shown once on the next page."),
    }
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


@permitted(Permission.USERS_READ)
def user(request: HttpRequest, user_id: int) -> HttpResponse:
    actor = actor_of(request)
    person = user_of(actor, user_id)
    initial = {
        "display_name": person.display_name,
        "role": person.role.name if person.role else "",
        "active": person.is_active,
    }
    form = UserForm(actor, person, request.POST or None, initial=initial)
    if form.is_valid():
        try:
            changes.change_user(actor, person, **form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, f"Extension {person.extension.number} is saved and in force.")
            return HttpResponseRedirect("/users")
    facts = {"form": form, "person": person, "calling": calling_of(person.extension)}
    return render(request, "people/user.html", facts, status=422 if form.errors else 200)


@permitted(Permission.USERS_WRITE)
@require_POST
def rotate_secret(request: HttpRequest, user_id: int) -> HttpResponse:
    actor = actor_of(request)
    person = user_of(actor, user_id)
    return _show_secret(request, person, changes.rotate_secret(actor, person), is_new=False)


@permitted(Permission.USERS_WRITE)
@require_POST
def delete(request: HttpRequest, user_id: int) -> HttpResponse:
    actor = actor_of(request)
    person = user_of(actor, user_id)
    number = person.extension.number
    changes.delete_user(actor, person)
    messages.success(request, f"Extension {number} is deleted; its phone cannot register any more.")
    return HttpResponseRedirect("/users")


def _show_secret(request: HttpRequest, person: Person, secret: str, *, is_new: bool) -> HttpResponse:
    return render(request, "people/secret.html", {"person": person, "secret": secret, "is_new": is_new})
