"""Certificates of SIP beside the system's own: one for a tenant's domain, which phones ask for by name (RFC 6066).

The transports process holds them, as the core's own account; the portal never keeps a key.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from ringfence.engines import brought
from ringfence.engines.brought import CertificateRefused
from ringfence.engines.files import tls_file
from ringfence.engines.install import EngineRefused, install
from ringfence.engines.kamailio import NamedPair
from ringfence.engines.network import around_now
from ringfence.engines.phoneauthorities import check_revocations, checked_authorities
from ringfence.engines.questions import Answer, Args, Refusal, text_of
from ringfence.engines.sippairs import (
    DOMAIN,
    forget_unused,
    names_in_force,
    read_authorities,
    read_pairs,
    store_pair,
    write_authorities,
    write_names,
)
from ringfence.engines.system import System
from ringfence.hosts.transports import read_transports

MOST: Final = 64
"""Every worker keeps each of them in memory, once for each encrypted transport and address."""

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
        return {"certificates": {one.domain: _described(one, now) for one in read_pairs(self.system.paths)}}

    def put(self, args: Args) -> Answer:
        """Another certificate for a domain; the one before stays if anything is wrong."""
        domain = _domain(args)
        before = names_in_force(self.system.paths)
        if domain not in before and len(before) >= MOST:
            raise Refusal("certificate.too_many", "chain", f"At most {MOST} domains have a certificate of their own.")
        try:
            pair = brought.checked(text_of(args, "chain"), text_of(args, "key"), domain, datetime.now(UTC))
        except CertificateRefused as refused:
            raise Refusal(refused.rule, refused.field, refused.message) from refused
        name = store_pair(self.system.paths, pair)
        self._put_in_force(before, {**before, domain: name})
        return self.show({})

    def drop(self, args: Args) -> Answer:
        """The domain is served with the system's certificate again."""
        domain = _domain(args)
        before = names_in_force(self.system.paths)
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
        paths, before = self.system.paths, read_authorities(self.system.paths)
        former = (before.certificates.read_bytes(), _read(before.revoked)) if before else None
        write_authorities(paths, authorities.encode(), revoked.encode())
        try:
            self._install()
        except EngineRefused as refused:
            if former is not None:
                write_authorities(paths, *former)
            message = f"The core did not take it; nothing was changed. {refused}"
            raise Refusal("certificate.refused", "authorities", message) from refused
        finally:
            forget_unused(paths)
        return {"authorities": [brought.common_name(one.subject) for one in signers]}

    def _install(self) -> None:
        network = replace(around_now(), primary=self.system.network.primary)
        system = replace(self.system, transports=read_transports(self.system.paths.transports), network=network)
        install([tls_file(system, account="")], lambda: "" if self.reload(system) else "the core did not take it")

    def _put_in_force(self, before: Mapping[str, str], wanted: Mapping[str, str]) -> None:
        paths = self.system.paths
        write_names(paths, wanted)
        try:
            self._install()
        except EngineRefused as refused:
            write_names(paths, before)
            raise Refusal(
                "certificate.refused", "chain", f"The core did not take it; nothing was changed. {refused}"
            ) from refused
        finally:
            forget_unused(paths)


def _described(one: NamedPair, now: datetime) -> dict[str, Any]:
    return brought.described(x509.load_pem_x509_certificates(one.certificate.read_bytes()), now)


def _read(path: Path | None) -> bytes:
    return path.read_bytes() if path else b""


def _domain(args: Args) -> str:
    domain = text_of(args, "domain").lower()
    if not DOMAIN.fullmatch(domain):
        raise Refusal("certificate.domain", "domain", f"{domain[:80]!r} is no host name.")
    return domain
