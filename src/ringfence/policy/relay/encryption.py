"""What is agreed with a tenant, an extension or a trunk about the encryption of its media.

Reference: "SRTP and DTLS-SRTP for Audio and Video".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self


class Encryption(StrEnum):
    """What becomes of the media on one party's side. Browsers always have DTLS-SRTP (RFC 8827).

    `off`: plain RTP. `offered`: SRTP with whoever offers it, and said to be possible to whoever is reached over TLS.
    `required`: no call without SRTP.
    """

    OFF = "off"
    OFFERED = "offered"
    REQUIRED = "required"

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        """The words that trunks had before."""
        older = {"none": cls("off"), "srtp": cls("required")}
        return older.get(value) if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed with one party. With `strong`, encrypted media has AES with 256 bits or there is no call.

    `elsewhere`: its sound may be at another host than its signalling, as that of a provider with media gateways is.
    """

    encryption: Encryption = Encryption.OFFERED
    strong: bool = False
    elsewhere: bool = False

    def of_extension(self, own: Encryption | None) -> "Terms":
        """These terms of a tenant for one of its extensions, which may have a setting of its own."""
        return self if own is None else Terms(own, self.strong)


USUAL: Final = Terms()
NO_ENCRYPTION: Final = Terms(Encryption.OFF)
