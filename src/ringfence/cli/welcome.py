"""What `ringfence up` says when the system is ready."""

from ringfence.engines.prepare import Prepared
from ringfence.engines.render import bracketed
from ringfence.engines.supervision.children import CORE, MEDIA, SBC, WEB
from ringfence.engines.system import System
from ringfence.hosts import ports
from ringfence.hosts.firewall.pending import Records


def welcome(system: System, parts: frozenset[str], prepared: Prepared, how_to_stop: str) -> str:
    """Addresses of all services, the setup link until there is an administrator, the certificate,
    whether the host is closed, how to stop.
    """
    host = bracketed(system.network.primary)
    lines = ["Ringfence is running."]
    if CORE in parts:
        ways = ", ".join(f"{host}:{one.port} {one.protocol.upper()}" for one in system.core_transports)
        lines.append(f"  SIP             {ways}")
    if SBC in parts:
        ways = ", ".join(f"{host}:{one.port} {one.protocol.upper()}" for one in system.sbc.transports)
        lines.append(f"  SIP on SBC      {ways}")
        lines.append(f"  RTP on SBC      {host}:{ports.SBC_RTP.ports} UDP")
    if MEDIA in parts:
        lines.append(f"  RTP             {host}:{ports.RTP.ports} UDP")
    if WEB in parts and system.sbc.core:
        lines.append(f"  SBC Web Portal  https://{host}:{ports.SBC_PORTAL.first}/")
        lines.append(f"  Browser Phone   https://{host}:{ports.WEBRTC.first}/")
    elif WEB in parts:
        lines.append(f"  Web Portal      https://{host}:{ports.WEB_PORTAL.first}/")
        lines.append(f"  Browser Phone   https://{host}:{ports.WEBRTC.first}/")
        lines.append(f"  REST API        https://{host}:{ports.REST.first}/api/v1/")
    if prepared.certificate is not None:
        lines.append(f"  Certificate     SHA-256 {prepared.certificate.fingerprint}")
    if WEB in parts and not Records(system.paths.state / "firewall").applied().openings:
        lines.append("  Host firewall   the plan is not in force; put it in force: ringfence firewall apply")
    if prepared.setup_link:
        lines += ["", "  Make the administrator (this link works once; until then no other page answers):"]
        lines.append(f"  {prepared.setup_link}")
    return "\n".join([*lines, "", f"  Stop            {how_to_stop}"])


def no_firewall_warning() -> str:
    return "\n".join((
        "*" * 100,
        "WARNING: no right to change nftables (CAP_NET_ADMIN). Bans are enforced by the SIP core alone:",
        "packets of banned addresses still reach it and cost processor time, floods are not dropped in the kernel.",
        "What to do: start with the full rights of root, or give the container NET_ADMIN (--cap-add NET_ADMIN).",
        "*" * 100,
    ))  # fmt: skip
