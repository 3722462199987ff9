"""The one answer to: who is calling the portal? Only nginx, which speaks to us over a Unix socket, may tell us."""

import ipaddress

from django.http import HttpRequest

from ringfence.policy.addresses import ban_network, parse_address


def client_address(request: HttpRequest) -> str:
    """The browser's address; empty when nobody told.

    Over a Unix socket there is no peer address, so X-Forwarded-For counts (nginx sets it, whatever a client claimed);
    over TCP the peer itself counts and no header is believed.
    """
    peer = request.META.get("REMOTE_ADDR") or request.META.get("HTTP_X_FORWARDED_FOR", "")
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return ""
    mapped = getattr(address, "ipv4_mapped", None)
    return str(mapped or address)


def counted_address(request: HttpRequest) -> str:
    """Under which address failures are counted, as the guard bans: an IPv4 address, or the first of an IPv6 /64.

    Whoever has one address of a /64 has all of them.
    """
    address = client_address(request)
    return str(ban_network(parse_address(address)).network_address) if address else ""
