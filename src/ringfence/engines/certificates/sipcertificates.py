"""Certificates of SIP beside the system's own: one for a tenant's domain, which phones ask for by name (RFC 6066).

The transports process holds them, as the core's own account; the portal never keeps a key.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from ringfence.engines.certificates import brought
from ringfence.engines.certificates.brought import CertificateRefused
from ringfence.engines.certificates.phoneauthorities import check_revocations, checked_authorities
from ringfence.engines.certificates.sippairs import (
    DOMAIN,
    forget_unused,
    names_in_force,
    read_authorities,
    read_pairs,
    store_pair,
    write_authorities,
    write_names,
)
from ringfence.engines.changing.network import around_now
from ringfence.engines.changing.questions import Answer, Args, Refusal, text_of
from ringfence.engines.edge.sbcfront import core_front, forget_former, put_front
from ringfence.engines.files import sbc_tls_file, tls_file
from ringfence.engines.install import EngineRefused, install
from ringfence.engines.kamailio import NamedPair
from ringfence.engines.system import System
from ringfence.hosts.transports import read_transports

MOST: Final = 64
"""Every worker keeps each of them in memory, once for each encrypted transport and address."""

INSTALLING: Final = threading.Lock()
"""The same process asks and follows: one of them at a time writes the engines' files."""

type Reload = Callable[[System], bool]


@dataclass(frozen=True, slots=True)
class SipCertificates:
    """Answers for them. Each change is checked, rendered and taken over by the core, or nothing has changed."""

    system: System
    reload: Reload

    def verbs(self) -> Mapping[str, Callable[[Args], Answer]]:
        return {
            "certificates.show": self.show,
            "certificates.put": self.put,
            "certificates.drop": self.drop,
            "phones.trust": self.trust,
        }

    def show(self, _: Args) -> Answer:
        """What is in force, by domain."""
        now = datetime.now(UTC)
        return {"certificates": {one.domain: _described(one, now) for one in read_pairs(self._folder)}}

    def put(self, args: Args) -> Answer:
        """Another certificate for a domain; the one before stays if anything is wrong."""
        domain = _domain(args)
        before = names_in_force(self._folder)
        if domain not in before and len(before) >= MOST:
            raise Refusal("certificate.too_many", "chain", f"At most {MOST} domains have a certificate of their own.")
        try:
            pair = brought.checked(text_of(args, "chain"), text_of(args, "key"), domain, datetime.now(UTC))
        except CertificateRefused as refused:
            raise Refusal(refused.rule, refused.field, refused.message) from refused
        name = store_pair(self._folder, pair.chain_pem, pair.key_pem)
        self._put_in_force(before, {**before, domain: name})
        return self.show({})

    def drop(self, args: Args) -> Answer:
        """The domain is served with the system's certificate again."""
        domain = _domain(args)
        before = names_in_force(self._folder)
        self._put_in_force(before, {name: pair for name, pair in before.items() if name != domain})
        return self.show({})

    def trust(self, args: Args) -> Answer:
        """Who signs certificates of phones from now on, and which of those are revoked."""
        authorities, revoked = text_of(args, "authorities"), text_of(args, "revoked")
        try:
            signers = checked_authorities(authorities, datetime.now(UTC))
            check_revocations(revoked, signers)
        except CertificateRefused as refused:
            raise Refusal(refused.rule, refused.field, refused.message) from refused
        folder, before = self._folder, read_authorities(self._folder)
        former = (before.certificates.read_bytes(), _read(before.revoked)) if before else None
        write_authorities(folder, authorities.encode(), revoked.encode())
        try:
            install_certificates(self.system, self.reload)
        except EngineRefused as refused:
            if former is not None:
                write_authorities(folder, *former)
            message = f"The core did not take it; nothing was changed. {refused}"
            raise Refusal("certificate.refused", "authorities", message) from refused
        finally:
            self._forget()
        return {"authorities": [brought.common_name(one.subject) for one in signers]}

    @property
    def _folder(self) -> Path:
        return self.system.paths.sip_certificates

    def _put_in_force(self, before: Mapping[str, str], wanted: Mapping[str, str]) -> None:
        write_names(self._folder, wanted)
        try:
            install_certificates(self.system, self.reload)
        except EngineRefused as refused:
            write_names(self._folder, before)
            raise Refusal(
                "certificate.refused", "chain", f"The core did not take it; nothing was changed. {refused}"
            ) from refused
        finally:
            self._forget()

    def _forget(self) -> None:
        copy_to_front(self.system)
        forget_unused(self._folder)
        if self.system.sbc.enabled:
            forget_former(self.system.paths)


def install_certificates(system: System, reload: Reload) -> bool:
    """What is in force now is shown by the core, and by an SBC beside it; one elsewhere hears of it by itself. Whether
    anything was another than before. Raises EngineRefused; then both have their former files."""
    with INSTALLING:
        copy_to_front(system)
        network = replace(around_now(), primary=system.network.primary)
        system = replace(system, transports=read_transports(system.paths.transports), network=network)
        files = [tls_file(system, account=""), *([sbc_tls_file(system, account="")] if system.sbc.enabled else [])]
        return bool(install(files, lambda: "" if reload(system) else "the core did not take it"))


def copy_to_front(system: System) -> None:
    if system.sbc.enabled:
        put_front(system.paths, core_front(system.paths))


def _described(one: NamedPair, now: datetime) -> dict[str, Any]:
    return brought.described(x509.load_pem_x509_certificates(one.certificate.read_bytes()), now)


def _read(path: Path | None) -> bytes:
    return path.read_bytes() if path else b""


def _domain(args: Args) -> str:
    domain = text_of(args, "domain").lower()
    if not DOMAIN.fullmatch(domain):
        raise Refusal("certificate.domain", "domain", f"{domain[:80]!r} is no host name.")
    return domain
