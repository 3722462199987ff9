"""The language in which a person reads the portal: his own choice, on every page and over REST."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST
from ninja import Field, Router

from ringfence.portal.access import actor_of, signed_in
from ringfence.portal.actor import Actor, ApiRequest
from ringfence.portal.change import change
from ringfence.portal.language import CHOICES
from ringfence.portal.people.models import Person
from ringfence.portal.problems import NotFound, refuse
from ringfence.portal.schema import In, Out

router = Router()


class LanguageIn(In):
    language: str = Field(max_length=8, description="such as de; empty: what the browser asks for")


class LanguageOut(Out):
    language: str
    languages: dict[str, str] = Field(description="each language there is, with its own name")


def choose(actor: Actor, person: Person, wanted: str) -> Person:
    """Holds from the next page on. Empty: what the browser asks for. Raises Refused."""
    if wanted and wanted not in dict(CHOICES):
        offered = ", ".join(code for code, _ in CHOICES)
        raise refuse("language", "language.unknown", f"There is no language {wanted!r}; there are {offered}.")
    with change(actor) as draft:
        old, person.language = person.language, wanted
        person.save(update_fields=["language"])
        draft.record(
            "user.language_changed",
            person.pk,
            person.username,
            {"language": old},
            {"language": wanted},
            person.tenant_id,
        )
    return person


@require_POST
@signed_in
def choose_language(request: HttpRequest) -> HttpResponse:
    """From the menu below the profile picture; goes back to the page it came from."""
    assert request.user.is_authenticated
    choose(actor_of(request), request.user, request.POST.get("language", ""))
    back = request.POST.get("next", "")
    own = back.startswith("/") and url_has_allowed_host_and_scheme(back, allowed_hosts=None)
    return HttpResponseRedirect(back if own else "/")


@router.get("language", response=LanguageOut)
def show_language(request: ApiRequest) -> dict[str, object]:
    """In which language you read the portal. The REST interface itself speaks English."""
    return _facts(_person_of(request))


@router.put("language", response=LanguageOut)
def set_language(request: ApiRequest, payload: LanguageIn) -> dict[str, object]:
    """Your own choice; it needs no permission."""
    return _facts(choose(request.auth, _person_of(request), payload.language))


def _person_of(request: ApiRequest) -> Person:
    found: Person | None = Person.objects.filter(pk=request.auth.person_id or 0).first()
    if found is None:
        raise NotFound
    return found


def _facts(person: Person) -> dict[str, object]:
    return {"language": person.language, "languages": dict(CHOICES)}
