"""The part of the typed port to Kamailio that looks at single devices. As in `ksr`, only `> 0` is yes."""

import KSR

from ringfence.signaling.ports.ksr import REGISTER_TABLE, _yes, text


def marks(index: int) -> tuple[int, str, str, str]:
    """Of a fetched binding: when it registered last (Unix time), what Kamailio calls it, its User-Agent and its
    instance (RFC 5626).
    """
    modified, ruid, agent, instance = (
        text(f"$(ulc(saved=>{name})[{index}])") for name in ("modified", "ruid", "user_agent", "instance")
    )
    return int(modified) if modified.isdigit() else 0, ruid, agent, instance.strip('"')


def end(aor: str, ruid: str) -> bool:
    """Ends this one binding of an address of record."""
    return _yes(KSR.registrar.unregister_ruid(REGISTER_TABLE, f"sip:{aor}", ruid))
