"""A QR code leads to a directory that opens once; it never holds the SIP secret itself (docs/adr/0031)."""

import segno


def picture_of(address: str) -> str:
    """As a data URI: it is made for this one page and stored nowhere."""
    return segno.make(address, error="m", micro=False).svg_data_uri(scale=4, border=4, light="white", dark="black")
