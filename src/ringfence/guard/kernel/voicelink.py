"""How much each address on the voice VLAN may send (reference: "Separate Voice and Data Traffic", rate limiting on the
voice VLAN): text for nftables. Everything counts, sound too, so the least that can be set leaves room for calls.

An IPv6 address counts alone, not with its /64: all phones of a VLAN share that one.
"""

from typing import Final

from ringfence.guard.kernel.shape import VoiceLink

COUNTER: Final = "dropped_voice_link"
_METER_SIZE: Final = 65_535
_METER_SECONDS: Final = 10
_PRIORITY: Final = -296


def lines(voice: VoiceLink | None) -> list[str]:
    """The lines of the table; none without a limit. Members of the never-block set are not limited."""
    if voice is None:
        return []
    limit = f"limit rate over {voice.packets}/second burst {voice.packets} packets"
    drop = f"counter name {COUNTER} drop"
    sizes = f"size {_METER_SIZE}; flags dynamic,timeout; timeout {_METER_SECONDS}s;"
    return [
        f"  counter {COUNTER} {{ packets 0 bytes 0 }}",
        f"  set voice_rate4 {{ type ipv4_addr; {sizes} }}",
        f"  set voice_rate6 {{ type ipv6_addr; {sizes} }}",
        "  chain voice_link {",
        f"    type filter hook prerouting priority {_PRIORITY}; policy accept;",
        f'    iifname != "{voice.link}" return',
        "    ip saddr @never4 return",
        "    ip6 saddr @never6 return",
        f"    meta nfproto ipv4 update @voice_rate4 {{ ip saddr {limit} }} {drop}",
        f"    meta nfproto ipv6 update @voice_rate6 {{ ip6 saddr {limit} }} {drop}",
        "  }",
    ]
