"""What all forms of the portal share: Tabler's classes, and refusals shown at the field they concern."""

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, Final

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ringfence.portal.language import told
from ringfence.portal.problems import Refused

OVERTAKEN: Final = _(
    "Somebody else changed this while the form was open. Look at it anew, or send yours once more to put it over that."
)
_MANY = (list, tuple, set, frozenset)


class PortalForm(forms.Form):
    """A form whose fields look alike.

    One that shows what is there (`initial`) notices that somebody else changed it while the form was open: what he set
    would be undone unseen, since a form sends every field.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", _css_class(field.widget))
            _tell(field)

    @property
    def seen(self) -> str:
        """What the object was when the form was made, as the page sends it back; empty where there was none."""
        if not self.initial:
            return ""
        shown = {name: self.initial.get(name) for name in self.fields}
        plain = {
            name: sorted(map(str, value)) if isinstance(value, _MANY) else str(value) for name, value in shown.items()
        }
        return sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()

    def full_clean(self) -> None:
        super().full_clean()
        sent = self.data.get("seen", "") if self.is_bound else ""
        if sent and self.seen and sent != self.seen:
            self.add_error(None, told(OVERTAKEN))

    def explain(self, refused: Refused) -> None:
        """Puts each problem at its field; what has no field here stands above the form."""
        for problem in refused.problems:
            self.add_error(problem.field if problem.field in self.fields else None, told(problem.message))
        if not refused.problems:
            self.add_error(None, told(refused.detail))


class Suggesting(forms.TextInput):
    """A text with suggestions, value and description each; what is not among them may be typed too."""

    def __init__(self, known: Sequence[tuple[str, str]] = (), attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"spellcheck": "false", "autocapitalize": "none", **(attrs or {})})
        self.known = known

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        listed = f"known_{name}"
        field = super().render(name, value, {**(attrs or {}), "list": listed}, renderer)
        options = format_html_join("", '<option value="{}">{}</option>', self.known)
        return format_html('{}<datalist id="{}">{}</datalist>', field, listed, options)


class CountryField(forms.CharField):
    """A country by its ISO 3166 code, in whatever case it is typed."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=2, **kwargs)

    def clean(self, value: Any) -> str:
        return str(super().clean(value)).upper()


def suggest(field: forms.Field, known: Sequence[tuple[str, str]]) -> None:
    """Fills the suggestions of a field whose widget has them."""
    assert isinstance(field.widget, Suggesting)
    field.widget.known = known


def _tell(field: forms.Field) -> None:
    """Puts what the form's code says into the reader's language; choices that come from the database are set later."""
    field.label = told(field.label) if field.label else field.label
    field.help_text = told(field.help_text)
    if isinstance(field, forms.ChoiceField) and isinstance(field.choices, list):
        field.choices = [(value, told(title)) for value, title in field.choices]


def _css_class(widget: forms.Widget) -> str:
    if isinstance(widget, forms.CheckboxInput):
        return "form-check-input"
    if isinstance(widget, forms.CheckboxSelectMultiple):
        return "choices"
    return "form-select" if isinstance(widget, forms.Select) else "form-control"


def password_field(label: str, current: bool = False) -> forms.CharField:
    """A password as typed: no blank is stripped."""
    autocomplete = "current-password" if current else "new-password"
    return forms.CharField(
        label=label, max_length=256, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": autocomplete})
    )
