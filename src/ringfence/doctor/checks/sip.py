"""Reference "Change Default SIP Transport Ports", "Transport Security", "SIP and TCP/IP Security", "User-Agent
Blacklist", "Whitelist and Blacklist"."""

from collections.abc import Iterator
from dataclasses import asdict
from ipaddress import ip_network
from typing import Final

from ringfence.doctor.facts import Settings
from ringfence.doctor.finding import Advice, Check, Severity
from ringfence.policy.sentence import Sentence
from ringfence.policy.settings import SecuritySettings, check_settings

PORTS: Final = "Ports Security"
TRANSPORT: Final = "Transport Security"
HACKING: Final = "SIP and TCP/IP Security (Anti-Hacking)"
DEFAULT_PORTS: Final = {("udp", 5060), ("tcp", 5060), ("tcp", 5063), ("tls", 5061), ("wss", 5065)}
WIDEST: Final = {4: 16, 6: 32}
"""Allow entries of shorter prefixes hold more strangers than friends."""

LEAST_AUDIT_DAYS: Final = 90
MOST_FAILED: Final = 1_000
UNPROTECTED: Final = {
    "failed_authentication_enabled": "Failed authentications are not counted.",
    "failed_challenge_enabled": "Challenges that nobody answers are not counted.",
    "level_1_enabled": "Packet rate level 1 is off.",
    "level_2_enabled": "Packet rate level 2 is off.",
    "unknown_sources_enabled": "Unknown sources share no limit.",
    "unknown_connections_enabled": "An unknown source may hold as many connections as it likes.",
}
SHORT_BLOCK: Final = 60
SENSIBLE: Final = SecuritySettings()


def default_ports(facts: Settings) -> Iterator[Sentence]:
    for one in facts.transports:
        if (one.protocol, one.port) in DEFAULT_PORTS:
            yield f"SIP over {one.protocol.upper()} listens on its default port {one.port}."


def no_tls(facts: Settings) -> Iterator[Sentence]:
    if not any(one.protocol == "tls" for one in facts.transports):
        yield "There is no TLS transport: phones can only speak in clear text."


def plain_sip(facts: Settings) -> Iterator[Sentence]:
    if facts.reach.phones:
        return
    for one in facts.transports:
        if not one.is_secure:
            yield f"Everybody may speak SIP in clear text over {one.protocol.upper()} {one.port}."


def protections_off(facts: Settings) -> Iterator[Sentence]:
    for name, sentence in UNPROTECTED.items():
        if not getattr(facts.security, name):
            yield sentence


def thresholds(facts: Settings) -> Iterator[Sentence]:
    """Combinations that never act, and values that let an attacker do what he likes."""
    values = facts.security
    for problem in check_settings(asdict(values)):
        yield problem.message
    period = values.detection_period
    if values.failed_authentication_enabled and values.failed_authentication_limit / period > MOST_FAILED / 10:
        yield (
            f"{values.failed_authentication_limit} wrong passwords within {period} seconds are no attack to this "
            "system: the protection against guessing is as good as off."
        )
    if values.level_1_enabled and values.level_1_packets >= 10 * SENSIBLE.level_1_packets:
        yield f"Level 1 acts at {values.level_1_packets} packets per second, where any single source has long won."
    if values.level_2_enabled and values.level_2_packets >= 10 * SENSIBLE.level_2_packets:
        yield f"Level 2 acts at {values.level_2_packets} packets per second, where any single source has long won."
    if values.failed_authentication_enabled and values.failed_authentication_block < SHORT_BLOCK:
        yield f"Whoever guesses passwords is blocked for {values.failed_authentication_block} seconds only."


def user_agents(facts: Settings) -> Iterator[Sentence]:
    if not facts.security.blocked_user_agents_enabled:
        yield "The list of blocked user agents is switched off."
    elif not facts.blocked_user_agents:
        yield "The list of blocked user agents is empty."


def wide_entries(facts: Settings) -> Iterator[Sentence]:
    for text in facts.wide_entries:
        network = ip_network(text, strict=False)
        if network.prefixlen < WIDEST[network.version]:
            yield f"The allow entry {text} trusts {network.num_addresses:,} addresses."


def audit_kept(facts: Settings) -> Iterator[Sentence]:
    if facts.security.web_audit_retention < LEAST_AUDIT_DAYS:
        yield f"The audit log is deleted after {facts.security.web_audit_retention} days."


CHECKS: Final = (
    Check(
        "sip.default_ports", Severity.LOW, "SIP listens on its default ports", PORTS,
        "Delete the default transports and create them on other ports: that escapes generic scans.",
        Advice("Choose other ports; the firewall plan follows.", page="/transports"), default_ports,
    ),
    Check(
        "sip.no_tls", Severity.HIGH, "No TLS transport", TRANSPORT,
        "Use TLS for SIP wherever that is possible: it keeps signalling from being read or changed on its way.",
        Advice("Create a TLS transport.", page="/transports"), no_tls,
    ),
    Check(
        "sip.plain", Severity.LOW, "SIP in clear text is open to everybody", TRANSPORT,
        "Use TLS for SIP wherever that is possible.",
        Advice("Delete the UDP and TCP transports, or name the networks of phones that cannot do better.",
               page="/transports"), plain_sip,
    ),
    Check(
        "hacking.protections_off", Severity.CRITICAL, "Anti-hacking protections are switched off", HACKING,
        "The protections stop floods and guessing where the firewall does not.",
        Advice("Switch them on.", page="/security/anti-hacking"), protections_off,
    ),
    Check(
        "hacking.thresholds", Severity.HIGH, "Thresholds that cannot trigger", HACKING,
        "A source that exceeds a configured threshold is blocked for the configured time.",
        Advice("Go back to the defaults, or to values that an attack reaches.", page="/security/anti-hacking"),
        thresholds,
    ),
    Check(
        "hacking.user_agents", Severity.MEDIUM, "No user agent is blocked", "User-Agent Blacklist",
        "Block the user agents of known attack tools.",
        Advice("Switch the list on, and fill it with the known scanners.", page="/security/blocked-user-agents"),
        user_agents,
    ),
    Check(
        "hacking.wide_allow_entries", Severity.HIGH, "Allow entries that are too wide", "Whitelist and Blacklist",
        "Allow entries bypass the anti-hacking checks; they are for trusted addresses, such as one remote office.",
        Advice("Replace the entry by the addresses that really need it.", page="/ip-blacklist"), wide_entries,
    ),
    Check(
        "hacking.audit_kept", Severity.MEDIUM, "The audit log is kept too short", "Login Security Controls",
        "Who wants to know who changed what must find it still there.",
        Advice("Keep it for at least 90 days.", page="/security/web-login"), audit_kept,
    ),
)  # fmt: skip
