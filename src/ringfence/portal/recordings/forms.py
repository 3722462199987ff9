"""Forms: what a tenant or an extension wants recorded, and the announcement."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.calls.tables import DIRECTIONS
from ringfence.portal.forms import PortalForm
from ringfence.portal.people.models import Extension
from ringfence.portal.recordings.changes import directions_of

OWN: Final = (("tenant", _("as the tenant says")), ("own", _("the calls chosen below")))


def _directions(effect: Any) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        required=False, choices=DIRECTIONS, label=_("Calls"), help_text=effect, widget=forms.CheckboxSelectMultiple
    )


class SettingsForm(PortalForm):
    directions = _directions(_("These calls are recorded from the answer on. Default: none."))
    announced = forms.BooleanField(
        required=False,
        label=_("Announced"),
        help_text=_(
            "Both sides hear that a recording begins; if that cannot be played, nothing is recorded. Without it "
            "recordings are silent, which many laws forbid. Default: on."
        ),
    )
    on_demand = forms.BooleanField(
        required=False,
        label=_("On demand"),
        help_text=_(
            "Extensions start and stop a recording with *1 or the record key of the phone during a call. Default: off."
        ),
    )
    quota_hours = forms.IntegerField(
        label=_("Room (hours)"),
        help_text=_("When all recordings together are longer, no further call is recorded. Default: 100."),
    )
    retention_days = forms.IntegerField(
        label=_("Days of retention"), help_text=_("Older recordings are deleted. Default: 180.")
    )


class AnnouncementForm(PortalForm):
    file = forms.FileField(
        label=_("Announcement"),
        help_text=_("A WAV file with 16 bit PCM of at most 7 seconds, heard by both sides when a recording begins."),
        widget=forms.FileInput(attrs={"accept": ".wav,audio/wav"}),
    )


class ExtensionForm(PortalForm):
    rule = forms.ChoiceField(
        choices=OWN, label=_("Recorded are"), help_text=_("Default: what the tenant’s settings say.")
    )
    directions = _directions(_("Of this extension. A call is recorded when one of its parties wants it."))

    @property
    def wish(self) -> list[str] | None:
        """None leaves it to the tenant."""
        data = self.cleaned_data
        return list(data["directions"]) if data["rule"] == "own" else None


def initial_of(extension: Extension) -> dict[str, Any]:
    own = directions_of(extension)
    return {"rule": "tenant" if own is None else "own", "directions": own or []}
