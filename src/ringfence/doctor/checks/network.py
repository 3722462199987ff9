"""Reference "Network Security": voice apart from data, and marked."""

from collections.abc import Iterator
from typing import Final

from ringfence.doctor.facts import Host
from ringfence.doctor.finding import Advice, Check, Severity

NETWORK: Final = "Network Security"
PAGE: Final = "/voice-network"


def link_gone(host: Host) -> Iterator[str]:
    for name in host.voice_links_gone:
        yield f"The voice network or a transport names {name}, and this machine has no such link or address."


def address_gone(host: Host) -> Iterator[str]:
    for address in host.addresses_gone:
        yield f"Calls are served at {address}, and this machine has no such address now."


def no_marks(host: Host) -> Iterator[str]:
    for what in host.unmarked:
        yield f"Packets of {what} carry no mark (DSCP 0)."


CHECKS: Final = (
    Check(
        "network.link_gone", Severity.MEDIUM, "The link for voice is not there", NETWORK,
        "Voice apart from data: without its link, media goes where signalling is, no limit holds on the VLAN, "
        "and the provider of a dedicated link is not reached.",
        Advice("Bring the link up again, or name another one.", page=PAGE), of_host=link_gone,
    ),
    Check(
        "network.address_gone", Severity.CRITICAL, "The address that phones use is gone", NETWORK,
        "A phone system is reached at an address that stays: a static one, or one that DHCP reserves.",
        Advice("Give the machine that address again, or restart the system for the one it has now.",
               "systemctl restart ringfence"), of_host=address_gone,
    ),
    Check(
        "network.no_marks", Severity.LOW, "Packets of calls are not marked", NETWORK,
        "Routers let marked packets pass first: a flood or a download in the data network does not cut calls.",
        Advice("Set DSCP 24 for signalling and 46 for audio and video.", page=PAGE), of_host=no_marks,
    ),
)  # fmt: skip
