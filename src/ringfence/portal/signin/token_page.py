"""Page: API tokens."""

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.http import require_POST

from ringfence.portal.access import actor_of, administrators
from ringfence.portal.client_address import client_address
from ringfence.portal.forms import PortalForm
from ringfence.portal.people import tokens
from ringfence.portal.people.models import ApiToken, Person
from ringfence.portal.permissions import choice
from ringfence.portal.problems import Refused

LIFETIMES: Final = [("1", "1 day"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days")]


class TokenForm(PortalForm):
    name = forms.CharField(
        max_length=64,
        label="What it is for",
        widget=forms.TextInput(attrs={"placeholder": "Billing export", "autocomplete": "off"}),
    )
    days = forms.TypedChoiceField(label="Ends in", choices=LIFETIMES, coerce=int, initial="30")
    read_only = forms.BooleanField(label="May only read", required=False, initial=True)
    permissions = forms.MultipleChoiceField(
        label="Permissions",
        required=False,
        help_text="Without a choice: all of yours. A token can never do more than you.",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, person: Person, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["permissions"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = list(map(choice, sorted(tokens.grantable(person))))


@administrators
def my_tokens(request: HttpRequest) -> HttpResponse:
    person, shown = request.user, ""
    assert person.is_authenticated
    form = TokenForm(person, request.POST or None)
    if form.is_valid():
        try:
            shown = _issue(request, form.cleaned_data)
        except Refused as refused:
            form.explain(refused)
        else:
            form = TokenForm(person)
    facts = {"form": form, "shown": shown, "tokens": ApiToken.objects.filter(person=person)}
    return render(request, "signin/tokens.html", facts, status=422 if form.errors else 200)


def _issue(request: HttpRequest, cleaned: dict[str, Any]) -> str:
    assert request.user.is_authenticated
    scope = tokens.Scope(cleaned["read_only"], cleaned["permissions"])
    lifetime = timedelta(days=cleaned["days"])
    return tokens.issue(request.user, lifetime, cleaned["name"], scope, client_address(request))[0]


@administrators
@require_POST
def revoke(request: HttpRequest, token_id: int) -> HttpResponse:
    tokens.revoke(actor_of(request), token_id)
    messages.success(request, "The token is dead.")
    return HttpResponseRedirect("/my/tokens")
