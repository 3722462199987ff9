"""Pages: where notices go."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, permitted
from ringfence.portal.language import told
from ringfence.portal.notices import changes
from ringfence.portal.notices.api import shown
from ringfence.portal.notices.forms import FORMS, DestinationForm, initial_of
from ringfence.portal.notices.means import Means
from ringfence.portal.notices.models import Destination
from ringfence.portal.notices.topics import TOPICS, Topic
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound, Refused

HERE = "/security/notices"


@permitted(Permission.SECURITY_READ)
def destinations(request: HttpRequest) -> HttpResponse:
    found = [_listed(item) for item in Destination.objects.all()]
    facts = {
        "destinations": found,
        "topics": TOPICS.values(),
        "tab": "Notices",
        "means": [item.value for item in Means],
    }
    return render(request, "notices/destinations.html", facts)


def _listed(item: Destination) -> dict[str, Any]:
    """What the page says of one, in words."""
    said = shown(item)
    topics = [told(TOPICS[Topic(topic)].title) for topic in said["topics"]]
    return {**said, "row": item, "told_of": topics}


@permitted(Permission.SECURITY_WRITE)
def new(request: HttpRequest, means: str) -> HttpResponse:
    if means not in [item.value for item in Means]:
        raise NotFound(detail="There is no such means.")
    form = FORMS[Means(means)](request.POST or None)
    if form.is_valid():
        try:
            destination, key = changes.add(actor_of(request), Means(means), form.wish())
        except Refused as refused:
            form.explain(refused)
        else:
            return _made(request, destination, key)
    return _form_page(request, form, _("Add a destination for notices"))


def _made(request: HttpRequest, destination: Destination, key: str) -> HttpResponse:
    if key:
        return render(request, "notices/key.html", {"destination": destination, "key": key, "back": HERE})
    messages.success(request, _("%(name)s is ready. Send it a test.") % {"name": destination.name})
    return HttpResponseRedirect(HERE)


@permitted(Permission.SECURITY_WRITE)
def edit(request: HttpRequest, destination_id: int) -> HttpResponse:
    destination = _destination(destination_id)
    form = FORMS[Means(destination.means)](request.POST or None, initial=initial_of(changes.facts(destination)))
    if form.is_valid():
        try:
            changes.alter(actor_of(request), destination, form.wish())
        except Refused as refused:
            form.explain(refused)
        else:
            messages.success(request, _("Saved and in force."))
            return HttpResponseRedirect(HERE)
    return _form_page(request, form, destination.name)


def _form_page(request: HttpRequest, form: DestinationForm, title: str) -> HttpResponse:
    facts = {"form": form, "title": title, "button": _("Apply"), "back": HERE}
    return render(request, "system/form_page.html", facts, status=422 if form.errors else 200)


@permitted(Permission.SECURITY_WRITE)
@require_POST
def renew_key(request: HttpRequest, destination_id: int) -> HttpResponse:
    destination = _destination(destination_id)
    return _made(request, destination, changes.renew_key(actor_of(request), destination))


@permitted(Permission.SECURITY_WRITE)
@require_POST
def test(request: HttpRequest, destination_id: int) -> HttpResponse:
    destination = _destination(destination_id)
    try:
        changes.test(actor_of(request), destination)
    except Refused as refused:
        messages.error(request, refused.detail)
    else:
        messages.success(request, _("%(name)s took the test notice.") % {"name": destination.name})
    return HttpResponseRedirect(HERE)


@permitted(Permission.SECURITY_WRITE)
@require_POST
def delete(request: HttpRequest, destination_id: int) -> HttpResponse:
    destination = _destination(destination_id)
    changes.remove(actor_of(request), destination)
    messages.success(request, _("%(name)s is removed.") % {"name": destination.name})
    return HttpResponseRedirect(HERE)


def _destination(destination_id: int) -> Destination:
    found = Destination.objects.filter(pk=destination_id).first()
    if found is None:
        raise NotFound(detail="This destination is gone already.")
    return found
