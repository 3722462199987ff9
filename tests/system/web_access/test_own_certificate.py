"""The self-signed certificate never ends while the system runs (attack case 122; reference "Web Access Security")."""

import ssl
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ringfence.engines.certificates import certificate
from ringfence.engines.certificates.pairs import make_current
from ringfence.hosts import accounts
from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within

PORTS = (8887, 5061)


def shown(pbx: Any, port: int) -> bytes:
    """The certificate that a phone or a browser gets."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with pbx.product.admin.tcp() as plain:
        plain.settimeout(3)
        plain.connect((PBX_ADDRESS, port))
        with context.wrap_socket(plain) as link:
            return link.getpeercert(binary_form=True) or b""


def test_one_that_was_made_in_1970_is_renewed_by_itself(pbx: Any) -> None:
    """A board without a battery: network time sets its clock a minute after the start."""
    paths = pbx.product.paths
    of_1970 = certificate._create(paths, [ip_address(PBX_ADDRESS)], datetime(1970, 1, 1, tzinfo=UTC), accounts.WEB.name)
    make_current(paths, of_1970)
    within(15.0, lambda: paths.current_pair.resolve() != of_1970.resolve(), "another pair is in force")
    renewed = x509.load_pem_x509_certificate(paths.web_certificate.read_bytes())
    assert renewed.not_valid_after_utc > datetime.now(UTC)
    expected = {renewed.public_bytes(Encoding.DER)}
    within(15.0, lambda: {shown(pbx, port) for port in PORTS} == expected, "all ports show it")
