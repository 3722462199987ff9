"""What all forms of the portal share: Tabler's classes, and refusals shown at the field they concern."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from ringfence.portal.language import told
from ringfence.portal.problems import Refused


class PortalForm(forms.Form):
    """A form whose fields look alike."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.setdefault("class", _css_class(field.widget))
            _tell(field)

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
