"""The DTLS end of a browser in a phone's place: a certificate, and a handshake that offers chosen SRTP profiles."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from ringfence.lab.network import Host

AES_256: Final = "SRTP_AEAD_AES_256_GCM"
AES_128: Final = "SRTP_AES128_CM_SHA1_80"
_CHOSEN: Final = re.compile(r"SRTP Extension negotiated, profile=(\S+)")
_SECONDS: Final = "4"


@dataclass(frozen=True, slots=True)
class Certificate:
    """A self-signed one, and what SDP says of it (RFC 8122)."""

    file: Path
    key: Path
    fingerprint: str

    @classmethod
    def made(cls, folder: Path) -> Self:
        file, key = folder / "browser.pem", folder / "browser.key"
        kind = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=browser")
        _openssl("req", "-x509", *kind, "-keyout", str(key), "-out", str(file), "-days", "2")
        told = _openssl("x509", "-in", str(file), "-noout", "-fingerprint", "-sha256")
        return cls(file, key, told.partition("=")[2].strip())


def profile_chosen(host: Host, door: tuple[str, int], certificate: Certificate, offered: str) -> str:
    """The SRTP profile taken of those `offered` (RFC 5764 section 4.1.2); "" if there is no handshake."""
    words = ["timeout", _SECONDS, "openssl", "s_client", "-dtls1_2", "-connect", f"{door[0]}:{door[1]}"]
    words += ["-use_srtp", offered, "-cert", str(certificate.file), "-key", str(certificate.key)]
    found = _CHOSEN.search(host.run(*words, check=False, stdin="").stdout)
    return found[1] if found else ""


def _openssl(*words: str) -> str:
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=True, timeout=20).stdout
