"""A trunk as somebody wants it, and every reason to refuse that."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

from ringfence.hosts.addresses import parsed
from ringfence.hosts.transports import read_transports
from ringfence.policy.addresses import AddressProblem, parse_network
from ringfence.policy.relay.encryption import Encryption
from ringfence.policy.settings import Problem
from ringfence.policy.trunking.trunks import CallerIn, TrunkKind, TrunkTransport
from ringfence.portal import places, publish
from ringfence.portal.security.protected import SHORTEST
from ringfence.portal.text import control_problem, label_problem

MOST_HOSTS: Final = 8
MOST_SOURCES: Final = 64
MOST_NUMBERS: Final = 500
MOST_CALLS: Final = 100_000
SHORTEST_SECRET: Final = 8
SHORTEST_OWN_SECRET: Final = 16
"""The provider chooses the password of a registration with it; what a gateway registers with here we may ask for."""

_HOST: Final = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*")
_USERNAME: Final = re.compile(r"[A-Za-z0-9._+~=-]{1,64}")
_AUTH_NAME: Final = re.compile(r"[A-Za-z0-9._+~=@-]{1,64}")
_REALM: Final = re.compile(r'[^"\\\x00-\x1f\x7f]{1,128}')
_NUMBER: Final = re.compile(r"\+[1-9][0-9]{2,17}")
_PATTERN: Final = re.compile(r"\+[1-9][0-9]{0,17}\*?")
_CODE: Final = re.compile(r"[1-9][0-9]{0,2}|")
_PREFIX: Final = re.compile(r"[0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Wish:
    """Everything of a trunk but its name's owner and its kind. `secret` None leaves what is stored."""

    name: str
    enabled: bool = True
    transport: TrunkTransport = TrunkTransport.UDP
    encryption: Encryption = Encryption.OFFERED
    aes_256_only: bool = False
    link: str = ""
    hosts: tuple[tuple[str, int], ...] = ()
    sources: tuple[tuple[str, int], ...] = ()
    domain: str = ""
    username: str = ""
    realm: str = ""
    auth_username: str = ""
    from_domain: str = ""
    caller_in: CallerIn = CallerIn.FROM
    secret: str | None = None
    expires: int = 300
    keepalive: int = 30
    country_code: str = ""
    trunk_prefix: str = "0"
    numbers: tuple[str, ...] = ()
    default_number: str = ""
    user_agent: str = ""
    max_calls: int | None = None
    shares: dict[int, int] = field(default_factory=dict)


def problems(kind: TrunkKind, wish: Wish, *, has_secret: bool) -> list[Problem]:
    """Every reason to refuse it that needs no look at other trunks."""
    found: list[Problem | None] = [
        label_problem("name", wish.name),
        control_problem("user_agent", wish.user_agent),
        *_place_problems(wish),
        *_number_problems(wish),
        *_range_problems(wish),
        *_link_problems(kind, wish),
    ]
    match kind:
        case TrunkKind.REGISTER:
            found += _registering(wish, has_secret)
        case TrunkKind.ADDRESS:
            found += _by_address(wish)
        case TrunkKind.ACCEPT_REGISTER:
            found += _accepting(wish, has_secret)
    return [problem for problem in found if problem]


def _link_problems(kind: TrunkKind, wish: Wish) -> Iterable[Problem]:
    """What a transport is missing for: nothing would be sent, or heard, without a word."""
    if not wish.link.strip():
        return
    if kind is TrunkKind.ACCEPT_REGISTER:
        yield Problem("link", "trunk.no_link", "A gateway that registers here is reached over the link it came by.")
        return
    known = read_transports(places.PATHS.transports)
    if not any(one.link == wish.link.strip() and str(one.protocol) == wish.transport.value for one in known):
        message = (
            f"No {wish.transport.upper()} transport is on the link {wish.link.strip()[:50]!r}. Add one under "
            "Transports first, or leave this empty."
        )
        yield Problem("link", "trunk.link", message)


def _registering(wish: Wish, has_secret: bool) -> Iterable[Problem]:
    if not wish.hosts:
        yield Problem("hosts", "trunk.hosts", "Name at least one host of the provider to register at.")
    if not _USERNAME.fullmatch(wish.username):
        yield Problem("username", "trunk.username", "A user name has 1 to 64 letters, digits or . _ + ~ = -")
    if wish.auth_username and not _AUTH_NAME.fullmatch(wish.auth_username):
        message = "A user name for authentication has up to 64 letters, digits or . _ + ~ = @ -"
        yield Problem("auth_username", "trunk.auth_username", message)
    if wish.realm and not _REALM.fullmatch(wish.realm):
        yield Problem("realm", "trunk.realm", "A realm has up to 128 characters without quotes.")
    yield from _secret_problems(wish, has_secret, SHORTEST_SECRET)


def _by_address(wish: Wish) -> Iterable[Problem]:
    """Nothing else proves who sends, so an IP-based trunk without sources would be open to anybody or to nobody."""
    if not wish.sources:
        yield Problem("sources", "trunk.sources", "List the addresses of the provider; nobody else is heard.")
    if wish.username or wish.auth_username or wish.secret:
        yield Problem("username", "trunk.no_login", "An IP-based trunk has no user name and no password.")
    if wish.caller_in is not CallerIn.FROM and not wish.default_number:
        message = "In From stands the number shown, then: enter it, or leave the caller's number in From."
        yield Problem("caller_in", "trunk.caller_in", message)


def _accepting(wish: Wish, has_secret: bool) -> Iterable[Problem]:
    if wish.hosts or wish.sources:
        yield Problem("hosts", "trunk.no_hosts", "A gateway that registers here is reached where it registered from.")
    if not _USERNAME.fullmatch(wish.username) or wish.username != wish.username.lower():
        yield Problem("username", "trunk.username", "A user name has 1 to 64 small letters, digits or . _ + ~ = -")
    if wish.auth_username or wish.from_domain or wish.caller_in is not CallerIn.FROM:
        message = "A gateway that registers here goes by its own name and domain, and the caller's number is in From."
        yield Problem("caller_in", "trunk.of_providers", message)
    if not wish.domain:
        yield Problem("domain", "trunk.domain", "The gateway needs a domain to register in, as gw1.example.net.")
    yield from _secret_problems(wish, has_secret, SHORTEST_OWN_SECRET)


def _secret_problems(wish: Wish, has_secret: bool, shortest: int) -> Iterable[Problem]:
    secret = wish.secret
    if not has_secret and not secret:
        yield Problem("password", "trunk.no_password", "Without a password nobody can prove anything.")
    elif secret and (len(secret) < shortest or len(secret) > 128):
        yield Problem("password", "trunk.password", f"The password has {shortest} to 128 characters.")
    elif secret and not (secret.isascii() and secret.isprintable()):
        yield Problem("password", "trunk.password", "The password may hold printable ASCII characters.")


def _place_problems(wish: Wish) -> Iterable[Problem]:
    if len(wish.hosts) > MOST_HOSTS:
        yield Problem("hosts", "trunk.hosts", f"A trunk has at most {MOST_HOSTS} hosts.")
    for host, port in wish.hosts:
        if reason := host_problem(host, port):
            yield Problem("hosts", "trunk.host", reason)
    if len(wish.sources) > MOST_SOURCES:
        yield Problem("sources", "trunk.sources", f"A trunk lists at most {MOST_SOURCES} sources.")
    for cidr, port in wish.sources:
        if reason := source_problem(cidr, port):
            yield Problem("sources", "trunk.source", reason)
    if wish.domain and not _HOST.fullmatch(wish.domain):
        yield Problem("domain", "trunk.domain", f"{wish.domain[:80]!r} is no host name.")
    if wish.from_domain and not _HOST.fullmatch(wish.from_domain):
        yield Problem("from_domain", "trunk.domain", f"{wish.from_domain[:80]!r} is no host name.")


def host_problem(host: str, port: int) -> str:
    """Why calls cannot be sent there; where a name leads is judged whenever it is looked up."""
    if not 0 < port < 65_536:
        return f"{port} is no port; it is 1 to 65535."
    address = parsed(host)
    if address is None:
        is_name = len(host) <= 253 and _HOST.fullmatch(host) and not host.rpartition(".")[2].isdigit()
        return "" if is_name and host.lower() != "localhost" else f"{host[:80]!r} is no host name or address."
    return address_problem(str(address))


def address_problem(text: str) -> str:
    """Why this address can be no provider's: it is this system's own, or nobody's (link-local, multicast)."""
    address = ip_address(text)
    if address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified:
        return f"{address} is no address of a provider."
    return f"{address} is this system itself." if text in publish.own_hosts() else ""


def source_problem(cidr: str, port: int) -> str:
    if not 0 <= port < 65_536:
        return f"{port} is no port; it is 1 to 65535, or 0 for any."
    try:
        network = parse_network(cidr)
    except AddressProblem as problem:
        return str(problem)
    if network.prefixlen < SHORTEST[network.version]:
        return f"{network} is too wide to be trusted: at most a /{SHORTEST[network.version]}."
    return address_problem(str(network.network_address))


def _number_problems(wish: Wish) -> Iterable[Problem]:
    if len(wish.numbers) > MOST_NUMBERS:
        yield Problem("numbers", "trunk.numbers", f"A trunk lists at most {MOST_NUMBERS} caller numbers.")
    for number in wish.numbers:
        if not _PATTERN.fullmatch(number):
            message = f"{number[:40]!r} is no number like +4930123456 and no prefix like +4930123*."
            yield Problem("numbers", "trunk.number", message)
    if wish.default_number and not _NUMBER.fullmatch(wish.default_number):
        yield Problem("default_number", "trunk.number", f"{wish.default_number[:40]!r} is no number like +4930123456.")
    if not _CODE.fullmatch(wish.country_code):
        yield Problem("country_code", "trunk.country_code", "A country code has one to three digits, as 49.")
    if not _PREFIX.fullmatch(wish.trunk_prefix):
        yield Problem("trunk_prefix", "trunk.trunk_prefix", "What stands before national numbers has up to 3 digits.")


def _range_problems(wish: Wish) -> Iterable[Problem]:
    if not 60 <= wish.expires <= 3600:
        yield Problem("expires", "trunk.expires", "A registration lasts 60 to 3600 seconds.")
    if wish.keepalive and not 5 <= wish.keepalive <= 600:
        yield Problem("keepalive", "trunk.keepalive", "A keep-alive comes every 5 to 600 seconds; 0 sends none.")
    for name, limit in [("max_calls", wish.max_calls), *(("tenant_max_calls", one) for one in wish.shares.values())]:
        if limit is not None and not 0 <= limit <= MOST_CALLS:
            yield Problem(name, "trunk.max_calls", f"A limit is 0 to {MOST_CALLS}; 0 lets no call through.")
