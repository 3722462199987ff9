"""Page: the password policy and second factors of a tenant."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import urlencode

from ringfence.policy.people.passwords import READY_MADE, PasswordPolicy, policy_of, policy_values, range_of
from ringfence.portal.access import actor_of, permitted
from ringfence.portal.forms import PortalForm
from ringfence.portal.language import told
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Refused
from ringfence.portal.signin import passwords
from ringfence.portal.signin.api import tenant_in_question
from ringfence.portal.signin.models import SecondFactor, SignInRules
from ringfence.portal.tenants.models import Tenant


class PolicyForm(PortalForm):
    """Drawn from the one table of rules, `policy/people/passwords.py`."""

    def __init__(self, policy: PasswordPolicy, second_factor: str | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, initial={**policy_values(policy), "second_factor": second_factor}, **kwargs)
        for name, value in policy_values(policy).items():
            self.fields[name] = _field(name, value)
        if second_factor is not None:
            self.fields["second_factor"] = forms.ChoiceField(
                label="Second factor",
                choices=[(value, told(title)) for value, title in SecondFactor.choices],
                help_text="Who must sign in with a passkey, or with an authenticator app beside the password.",
                widget=forms.Select(attrs={"class": "form-select"}),
            )

    def rows(self) -> list[dict[str, Any]]:
        standard = policy_values(PasswordPolicy())
        return [
            {"field": self[name], "default": standard[name], "number": not isinstance(standard[name], bool)}
            for name in standard
        ]


def _field(name: str, value: int | bool) -> forms.Field:
    limits = range_of(name)
    if isinstance(value, bool):
        switch = forms.CheckboxInput(attrs={"class": "form-check-input", "role": "switch"})
        return forms.BooleanField(label=limits.label, required=False, widget=switch)
    number = forms.NumberInput(attrs={"class": "form-control", "min": limits.low, "max": limits.high})
    return forms.IntegerField(label=limits.label, widget=number)


@permitted(Permission.TENANT_WRITE)
def password_policy(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    named = request.GET.get("tenant", "")
    tenant = tenant_in_question(actor, int(named) if named.isdecimal() and len(named) < 16 else None)
    row = SignInRules.of(tenant.pk if tenant else None)
    choice = str(row.second_factor) if tenant else None
    typed = request.POST if request.method == "POST" and "preset" not in request.POST else None
    form = PolicyForm(policy_of(row.password_policy), choice, typed)
    if request.method == "POST" and (wanted := _wanted(request, form)) and _saved(request, tenant, wanted, form):
        return HttpResponseRedirect(
            f"/password-policy?{urlencode({'tenant': tenant.pk})}" if tenant else "/password-policy"
        )
    facts = {
        "form": form,
        "tenant": tenant,
        "tenants": Tenant.objects.all() if actor.above_tenants else (),
        "presets": [(name, policy == policy_of(row.password_policy)) for name, policy in READY_MADE.items()],
    }
    return render(request, "signin/policy.html", facts, status=422 if form.errors else 200)


def _wanted(request: HttpRequest, form: PolicyForm) -> dict[str, Any]:
    if "preset" in request.POST:
        return passwords.ready_made(request.POST["preset"])
    return dict(form.cleaned_data) if form.is_valid() else {}


def _saved(request: HttpRequest, tenant: Tenant | None, wanted: dict[str, Any], form: PolicyForm) -> bool:
    second_factor = wanted.pop("second_factor", None)
    try:
        passwords.change_rules(actor_of(request), tenant, wanted, second_factor)
    except Refused as refused:
        form.explain(refused)
        return False
    messages.success(
        request, "Saved. It holds for the next password that is chosen; existing ones are not checked again."
    )
    return True
