"""How much a source may send over TCP, beside how many packets."""

from typing import Final

BYTES_OF_A_PACKET: Final = 256
"""For a packet that a rate lets through, a source may send this much over TCP. The kernel joins the segments of a
stream to packets of up to 64 KiB and counts each of those once: sixteen thousand keep-alives, each of which is
answered.
"""

BYTES_OF_FEW_PHONES: Final = 12_288
"""What an address may send over TCP in a second from which only a few are registered, or nobody, and twice as much at
once: two calls in each second. Of keep-alives it is three thousand, each of which is answered. Where level 1 is raised
far, so is this.
"""

BYTES_OF_A_PACKET_OF_FEW: Final = 24

BYTES_OF_A_STRANGERS_PACKET: Final = 128
"""The same for what all unknown sources share: less than a registration over TLS needs, and more than its keep-alives.
"""


def of_few_phones(packets: int) -> int:
    """Bytes a second where level 1 is so many packets; never more than level 1 has."""
    return min(packets * BYTES_OF_A_PACKET, max(BYTES_OF_FEW_PHONES, packets * BYTES_OF_A_PACKET_OF_FEW))


def over_bytes(most: int, at_once: int = 1) -> str:
    """`at_once`: so many seconds' worth."""
    return f"limit rate over {most} bytes/second burst {most * at_once} bytes"
