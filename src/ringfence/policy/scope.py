"""What a ban closes: a mistyped portal password never silences a phone, an attacked phone does not close the portal."""

from enum import StrEnum


class Scope(StrEnum):
    """One door. Each is enforced by whoever stands at it."""

    SIP = "sip"
    """The SIP ports: the kernel drops the packets, or Kamailio where the kernel has no room."""

    WEB = "web"
    """Signing in to portal and REST: the portal refuses. Who is signed in stays, so that an administrator behind the
    same address can lift it.
    """

    PROVISIONING = "provisioning"
    """Fetching a phone's configuration: refused where it is served."""
