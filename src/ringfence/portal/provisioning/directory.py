"""The secret directory of a phone: its name, and the addresses that lead there (reference: "IP Phone Security")."""

import hashlib
import secrets
from typing import Final

from ringfence.hosts import ports
from ringfence.portal.people.digests import ALPHABET
from ringfence.portal.people.templatetags.phones import server_of
from ringfence.portal.provisioning.models import Phone
from ringfence.portal.provisioning.render import Login
from ringfence.portal.provisioning.vendors import PROFILES, Vendor
from ringfence.portal.sealing import seal, unseal
from ringfence.portal.tenants.models import Tenant

TOKEN_BYTES: Final = 20
"""160 bits: nobody finds a directory by trying."""

LOGIN_LENGTH: Final = 20
ADMIN_LENGTH: Final = 16
PREFIX: Final = "/provisioning/"


def digest_of(token: str) -> str:
    """What the database finds a directory by. The token is long and random, so a plain hash is enough."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def new_directory(phone: Phone) -> None:
    """Another directory, login and administrator password; the old directory is remembered only to be recognised."""
    token = secrets.token_hex(TOKEN_BYTES)
    phone.previous_digest, phone.token_digest = phone.token_digest, digest_of(token)
    phone.sealed_token = seal(token, f"directory of {phone.bound_secret}")
    phone.sealed_login = seal(_password(LOGIN_LENGTH), f"login of {phone.bound_secret}")
    phone.sealed_admin_password = seal(_password(ADMIN_LENGTH), f"administrator of {phone.bound_secret}")


def _password(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def token_of(phone: Phone) -> str:
    """Raises SealBroken."""
    return unseal(bytes(phone.sealed_token), f"directory of {phone.bound_secret}")


def login_of(phone: Phone) -> Login | None:
    """Raises SealBroken."""
    if not phone.needs_login:
        return None
    password = unseal(bytes(phone.sealed_login), f"login of {phone.bound_secret}")
    return Login(phone.mac or phone.extension.number, password)


def admin_password_of(phone: Phone) -> str:
    """Of the phone's own menu and web page. Raises SealBroken."""
    return unseal(bytes(phone.sealed_admin_password), f"administrator of {phone.bound_secret}")


def origin_of(tenant: Tenant) -> str:
    """HTTPS on the portal's port, in front of the same directories that 8888 may show over HTTP."""
    server = server_of(tenant)
    host = f"[{server}]" if ":" in server else server
    return f"https://{host}:{ports.WEB_PORTAL.first}"


def address_of(phone: Phone, base: str = "") -> str:
    """The directory as phones are told it, with a slash at the end. Raises SealBroken."""
    return f"{base or origin_of(phone.tenant)}{PREFIX}{token_of(phone)}/"


def file_address_of(phone: Phone) -> str:
    """The first file of the directory, for apps that want a whole address. Raises SealBroken."""
    name = PROFILES[Vendor(phone.vendor)].files[0].name.replace("{mac}", phone.mac)
    return address_of(phone) + name
