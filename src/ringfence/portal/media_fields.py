"""Form fields for the encryption of media, the same for tenants, extensions and trunks."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ringfence.policy.relay.encryption import Encryption

CHOICES = [
    (Encryption.OFFERED.value, _("offered")),
    (Encryption.REQUIRED.value, _("required")),
    (Encryption.OFF.value, _("off")),
]


def encryption_field(effect: Any) -> forms.ChoiceField:
    return forms.ChoiceField(choices=CHOICES, label=_("Media encryption"), help_text=effect)


def aes_256_field() -> forms.BooleanField:
    return forms.BooleanField(
        required=False,
        label=_("AES-256 only"),
        help_text=_(
            "SRTP is agreed with AES-256 (AEAD_AES_256_GCM or AES_256_CM_HMAC_SHA1_80) or not at all; who offers only"
            " shorter keys is refused with 488, and a browser that agrees on shorter ones is hung up on."
            " Default: off, AES-256 is preferred and AES-128 accepted."
        ),
    )
