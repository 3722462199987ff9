from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.portal.forms import PortalForm


def _forward(label: Any, effect: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "tel", "autocomplete": "off"})
    return forms.CharField(required=False, max_length=64, label=label, help_text=effect, widget=widget)


class CallingForm(PortalForm):
    """Each setting says what it does to a call; numbers are written as the extension itself would dial them."""

    do_not_disturb = forms.BooleanField(
        required=False,
        label=_("Do not disturb"),
        help_text=_("No phone rings: callers hear busy, or go where the forward while busy leads. Default: off."),
    )
    forward_always = _forward(
        _("Forward every call to"), _("No phone of the extension rings. Empty, the default: calls ring here.")
    )
    forward_busy = _forward(_("Forward while busy to"), _("When a phone says busy or rejects the call. Default: none."))
    forward_no_answer = _forward(
        _("Forward without an answer to"), _("When nobody takes the call within the seconds below. Default: none.")
    )
    ring_seconds = forms.IntegerField(
        min_value=5,
        max_value=120,
        label=_("Seconds to ring"),
        help_text=_("How long the phones ring before that forward. Default: 25."),
    )
    forward_offline = _forward(
        _("Forward while offline to"), _("When no phone is registered or none of them answers at all. Default: none.")
    )
    call_waiting = forms.BooleanField(
        required=False,
        label=_("Call waiting"),
        help_text=_(
            "A second call rings during a call; switched off, its caller finds the extension busy. Default: on."
        ),
    )
