from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.hosts.voice_network import HIGHEST_CAPTURE_ID, HIGHEST_DSCP, MOST_PACKETS
from ringfence.portal.forms import PortalForm


def _place(title: Any, about: Any) -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=64,
        label=title,
        help_text=about,
        widget=forms.TextInput(attrs={"spellcheck": "false"}),
    )


class VoiceNetworkForm(PortalForm):
    """Each setting says what packets look like because of it."""

    signalling_dscp = forms.IntegerField(
        min_value=0,
        max_value=HIGHEST_DSCP,
        label=_("DSCP of signalling"),
        help_text=_(
            "24 (CS3) by default. Every packet of SIP carries it, so that routers let it pass first; 26 is AF31."
        ),
    )
    media_dscp = forms.IntegerField(
        min_value=0,
        max_value=HIGHEST_DSCP,
        label=_("DSCP of audio and video"),
        help_text=_("46 (EF) by default. Every packet of sound carries it. A change starts the media relay anew."),
    )
    signalling_on = _place(
        _("Signalling on the link or address"),
        _("Empty by default: the address of the default route. A name of a link, a VLAN too, or an own address: SIP is "
          "heard there and on this machine alone, from the next start on."),
    )  # fmt: skip
    media_on = _place(
        _("Audio and video on the link or address"),
        _("Empty by default: where signalling is. Otherwise SDP names the address of this link, and the relay sends "
          "and hears there alone. A change starts the media relay anew."),
    )  # fmt: skip
    voice_link = _place(
        _("Voice VLAN"),
        _("The link whose senders are limited, for example eth0.42; empty by default."),
    )
    voice_link_packets = forms.IntegerField(
        min_value=0,
        max_value=MOST_PACKETS,
        label=_("Packets a second of each address on the voice VLAN"),
        help_text=_("0 by default: no limit. Above it nftables drops the excess. One call sends about 50 to 100."),
    )
    capture_address = _place(
        _("Copy of SIP to the collector"),
        _("Empty by default: nobody gets a copy. A private address: every SIP message of the core goes there as HEP3 "
          "over UDP (Homer), with credentials, keys of encryption and pressed digits overwritten."),
    )  # fmt: skip
    capture_port = forms.IntegerField(
        min_value=1, max_value=65535, label=_("Port of the collector"), help_text=_("9060 by default.")
    )
    capture_id = forms.IntegerField(
        min_value=1,
        max_value=HIGHEST_CAPTURE_ID,
        label=_("Capture id"),
        help_text=_("2001 by default. The collector tells systems apart by it."),
    )
    interrupt_calls = forms.BooleanField(
        required=False,
        label=_("Calls may lose their sound"),
        help_text=_("Off: a change that starts the media relay anew is refused while calls are up."),
    )
