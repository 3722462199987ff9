"""What the SBC shows clients beside the system's own certificate, and whether it asks for theirs: a folder of its own,
which the SBC's account may read and nobody else (docs/adr/0064).

The core's folder stays closed to the SBC: what is in force there is copied, beside the core or to another host.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

from ringfence.engines.certificates.sippairs import (
    DOMAIN,
    forget_unused,
    read_authorities,
    read_pairs,
    store_pair,
    write_authorities,
    write_names,
)
from ringfence.hosts import accounts
from ringfence.hosts.jsonfile import replace_json
from ringfence.hosts.paths import Paths
from ringfence.hosts.sbc import read_sbc
from ringfence.hosts.transports import ClientCertificates

CLIENTS: Final = "clients.json"


@dataclass(frozen=True, slots=True)
class Front:
    """Chain and key of each domain as PEM, who signs certificates of phones, which are revoked, and who is asked."""

    pairs: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    authorities: str = ""
    revoked: str = ""
    clients: ClientCertificates = ClientCertificates.NONE

    def plain(self) -> dict[str, Any]:
        """As JSON values; the keys are in it."""
        named = {domain: list(pair) for domain, pair in self.pairs.items()}
        return {
            "pairs": named,
            "authorities": self.authorities,
            "revoked": self.revoked,
            "clients": str(self.clients),
        }

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> Self:
        """Raises ValueError, TypeError or KeyError for what is none."""
        pairs = {domain: (str(chain), str(key)) for domain, (chain, key) in told["pairs"].items()}
        if not all(map(DOMAIN.fullmatch, pairs)):
            raise ValueError("a certificate is for what is no domain")
        return cls(pairs, str(told["authorities"]), str(told["revoked"]), ClientCertificates(told["clients"]))


def owner(paths: Paths) -> str:
    """Who looks after this folder: beside the core its transports process, elsewhere whoever hears the core."""
    return accounts.WEB.name if read_sbc(paths.sbc_switch).core else accounts.SIP.name


def core_front(paths: Paths) -> Front:
    """What the core has in force, and what the SBC shall ask for."""
    folder = paths.sip_certificates
    return _front(folder, asked_of_clients(paths.sbc_clients))


def front_in_force(paths: Paths) -> Front:
    """What the SBC of this host has."""
    return _front(paths.sbc_front, asked_of_clients(paths.sbc_front / CLIENTS))


def put_front(paths: Paths, front: Front, account: str = "") -> None:
    """Beside what is there already: that is forgotten by `forget_former`, when the SBC reads it no more.

    `account` is given by root, which is not the one that will replace it.
    """
    folder = paths.sbc_front
    names = {domain: store_pair(folder, *map(str.encode, pair)) for domain, pair in front.pairs.items()}
    if front.authorities:
        write_authorities(folder, front.authorities.encode(), front.revoked.encode())
    write_names(folder, names)
    write_clients(folder / CLIENTS, front.clients)
    _share(folder, account)


def put_cores_front(paths: Paths) -> None:
    """By root, before anybody reads it: what the core has in force."""
    put_front(paths, core_front(paths), owner(paths))


def forget_former(paths: Paths) -> None:
    forget_unused(paths.sbc_front)


def drop_front(paths: Paths) -> None:
    """Where there is no SBC any more nothing is kept for it."""
    for path in paths.sbc_front.iterdir() if paths.sbc_front.is_dir() else ():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def asked_of_clients(path: Path) -> ClientCertificates:
    """Nothing while nothing was chosen."""
    try:
        return ClientCertificates(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return ClientCertificates.NONE


def write_clients(path: Path, clients: ClientCertificates) -> None:
    """No secret: the portal reads what the core has."""
    replace_json(path, str(clients), 0o644)


def _front(folder: Path, clients: ClientCertificates) -> Front:
    known = read_authorities(folder)
    return Front(
        {one.domain: (one.certificate.read_text(), one.key.read_text()) for one in read_pairs(folder)},
        known.certificates.read_text() if known else "",
        known.revoked.read_text() if known and known.revoked else "",
        clients,
    )


def _share(folder: Path, account: str) -> None:
    """The group is the folder's, by its set-group-id bit: the SBC's own."""
    for path in folder.rglob("*"):
        path.chmod(0o750 if path.is_dir() else 0o640)
        if account:
            shutil.chown(path, account)
