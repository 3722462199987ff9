"""Which addresses the links of transports have now, and what cannot be heard on (reference: "Separate Voice and Data
Traffic": dedicated connections of a provider).

A link is remembered by its name, so a VLAN whose address changed needs no new setting. The usual addresses, and those
of a link that was named before under another word, are heard on already.
"""

from collections.abc import Iterable, Mapping

from ringfence.hosts.addresses import Address, NetworkUnreadable, Surroundings, parsed, surroundings
from ringfence.hosts.transports import SipTransport, TransportRefused


def links_of(transports: Iterable[SipTransport]) -> tuple[str, ...]:
    """The links that are named, each once."""
    return tuple(sorted({one.link for one in transports if one.link}))


def bound(place: str, around: Surroundings) -> tuple[Address, ...]:
    """What is bound to for the name of a link: one address of each family; for an address, that one alone."""
    named = parsed(place)
    return tuple(one for one in around.placed(place) if named in (None, one))


def addresses_of_links(
    links: Iterable[str], usual: Iterable[Address], around: Surroundings
) -> dict[str, tuple[Address, ...]]:
    """What is bound to for each link: one address of each family. A link that is gone has none, and nobody is heard
    there; an address has one owner.
    """
    held = set(usual)
    found: dict[str, tuple[Address, ...]] = {}
    for link in links:
        found[link] = tuple(one for one in bound(link, around) if one not in held)
        held.update(found[link])
    return found


def addresses_now(links: Iterable[str]) -> dict[str, tuple[Address, ...]]:
    """The addresses of links as a part sees them that does not listen itself; nothing while the network cannot be
    read."""
    wanted = tuple(links)
    if not wanted:
        return {}
    try:
        around = surroundings()
    except NetworkUnreadable:
        return {}
    return addresses_of_links(wanted, (around.primary,), around)


def spoken_at(host: str, transports: Iterable[SipTransport]) -> tuple[SipTransport, ...]:
    """What somebody can speak who came to this address of ours: the transports of its link, or else the usual ones."""
    known, address = tuple(transports), parsed(host.strip("[]"))
    heard = addresses_now(links_of(known)) if address else {}
    link = next((link for link, addresses in heard.items() if address in addresses), "")
    return tuple(one for one in known if one.link == link)


def refuse_unheard(
    new: Iterable[SipTransport],
    known: Mapping[str, tuple[Address, ...]],
    usual: Iterable[Address],
    around: Surroundings,
) -> None:
    """Raises TransportRefused for a new transport on no link of this machine, or on one that is heard on already."""
    places = set(usual)
    for one in new:
        if not one.link:
            continue
        found = bound(one.link, around)
        if not found:
            message = (
                f"{one.link[:50]!r} is no link with an address, nor an address, of this machine (see: ip address)."
            )
            raise TransportRefused("transport.no_link", message, "link")
        if places.intersection(found):
            message = f"SIP is heard at {one.link} anyway, as at every usual address: leave the link empty."
            raise TransportRefused("transport.usual_link", message, "link")
        others = {link: addresses for link, addresses in known.items() if link != one.link}
        twin = next((link for link, addresses in others.items() if set(addresses).intersection(found)), "")
        if twin:
            raise TransportRefused("transport.link", f"This link is known as {twin}; name it so.", "link")
