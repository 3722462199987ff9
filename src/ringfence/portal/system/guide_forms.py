from itertools import count
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.forms import PortalForm
from ringfence.portal.outbound.metadata import EVERYWHERE
from ringfence.portal.people.models import ADMIN, STANDARD, Role
from ringfence.portal.problems import Refused

MOST: Final = 50


class ExtensionsForm(PortalForm):
    """Several extensions in one go, numbered upwards."""

    first = forms.RegexField(
        r"^[0-9]{3,10}$",
        label="First extension",
        help_text=_("The number of the first person; the others follow it. Default: 101"),
        initial="101",
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autofocus": True}),
        error_messages={"invalid": "An extension is 3 to 64 digits, as in 101."},
    )
    names = forms.CharField(
        label="Names, one a line",
        max_length=MOST * 80,
        help_text="Each gets the next number that does not call for help, a generated SIP password and a first portal"
        f" password. At most {MOST}.",
        widget=forms.Textarea(attrs={"rows": 6, "placeholder": "Ann Miller\nBob Smith"}),
    )
    role = forms.ChoiceField(
        label="Role",
        help_text=_(
            "Standard User calls internally, Standard International User everywhere. It can be changed at any time"
        ),
        initial=STANDARD,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        shared = Role.objects.filter(predefined=True).exclude(name=ADMIN).order_by("-pk")
        field.choices = [(role.name, role.name) for role in shared if role.internal]

    def people(self) -> list[tuple[str, str]]:
        """Numbers with names. Raises Refused when there are too many."""
        names = [line.strip() for line in self.cleaned_data["names"].splitlines() if line.strip()]
        if len(names) > MOST:
            raise Refused(detail=f"These are {len(names)} names; at most {MOST} in one go.")
        first = self.cleaned_data["first"]
        numbers = (str(number).zfill(len(first)) for number in count(int(first)))
        free = (number for number in numbers if number not in EVERYWHERE)
        return list(zip(free, names, strict=False))
