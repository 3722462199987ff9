"""What is agreed with a tenant, an extension or a trunk about the encryption of its media.

Reference: "SRTP and DTLS-SRTP for Audio and Video".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Encryption(StrEnum):
    """What becomes of the media on one party's side.

    `off`: plain RTP. `offered`: SRTP with whoever offers it, and offered to whoever is reached over TLS. `required`:
    no call without SRTP.
    """

    OFF = "off"
    OFFERED = "offered"
    REQUIRED = "required"


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed with one party. With `strong`, encrypted media has AES with 256 bits or there is no call."""

    encryption: Encryption = Encryption.OFFERED
    strong: bool = False


USUAL: Final = Terms()
