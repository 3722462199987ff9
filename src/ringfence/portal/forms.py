"""What all forms of the portal share: Tabler's classes, and refusals shown at the field they concern."""

from typing import Any

from django import forms

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
