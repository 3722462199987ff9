"""What allauth asks of its host: seal secrets, name the system, never send mail."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from ringfence.portal.client_address import client_address
from ringfence.portal.sealing import seal, unseal

ISSUER = "Ringfence"
BOUND_TO = "second-factor"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up, and signing in needs no mail server."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        raise NotImplementedError("sign-in sends no mail")


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """TOTP secrets lie sealed in the database."""

    def encrypt(self, text: str) -> str:
        return base64.b64encode(seal(text, BOUND_TO)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(base64.b64decode(encrypted_text), BOUND_TO)

    def get_totp_issuer(self) -> str:
        return f"{ISSUER} {context.request.get_host().rpartition(':')[0] or context.request.get_host()}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        host = context.request.get_host().partition(":")[0]
        return {"id": host, "name": f"{ISSUER} {host}"}
