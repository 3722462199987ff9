"""Security settings: names, defaults and limits (reference: "SIP and TCP/IP Security", "Login Security Controls").

This dataclass is the one table of these facts: REST schema, portal page, engines and documentation read it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Limits:
    """What a setting may be, and what it does on the wire."""

    label: str
    effect: str
    unit: str = ""
    low: int = 0
    high: int = 0


def _setting(default: int | bool, label: str, effect: str, unit: str = "", low: int = 0, high: int = 0) -> Any:
    return field(default=default, metadata={"limits": Limits(label, effect, unit, low, high)})


@dataclass(frozen=True, slots=True)
class SecuritySettings:
    """Thresholds of the anti-hacking protections. "Reaches" means >=, "exceeds" means >."""

    detection_period: int = _setting(
        10,
        "Detection period",
        "Events are counted over this sliding window. A longer window is stricter.",
        "seconds",
        1,
        DAY,
    )
    failed_authentication_enabled: bool = _setting(
        True, "Failed authentication protection", "Counts wrong SIP passwords and unknown accounts by source address."
    )
    failed_authentication_limit: int = _setting(
        50,
        "Failed authentications",
        "A source that reaches this number within the detection period is blocked.",
        "failures",
        1,
        100_000,
    )
    failed_authentication_block: int = _setting(
        3600,
        "Block for failed authentication",
        "How long such a source is dropped in the kernel.",
        "seconds",
        1,
        365 * DAY,
    )
    failed_challenge_enabled: bool = _setting(
        True,
        "Failed challenge requests",
        "Counts 401 and 407 challenges that a source never answered while their nonce lived (30 seconds). "
        "A source that has not proved to receive our answers is shaped, never blocked for it.",
    )
    failed_challenge_limit: int = _setting(
        1000,
        "Unanswered challenges",
        "A source that exceeds this number within the detection period is blocked.",
        "requests",
        1,
        1_000_000,
    )
    failed_challenge_block: int = _setting(
        3600,
        "Block for unanswered challenges",
        "How long such a source is dropped in the kernel.",
        "seconds",
        1,
        365 * DAY,
    )
    level_1_enabled: bool = _setting(
        True,
        "Level 1",
        "A source that exceeds this packet rate on the SIP ports loses the excess. If it has proved its address "
        "(by a digest answer, or a TCP or TLS connection) it is blocked for the time below. A UDP source that has not "
        "only loses the excess, since anybody can write its address on a packet. RTP is never counted.",
    )
    level_1_packets: int = _setting(
        500,
        "Level 1 packets",
        "The rate of level 1. One second's worth may come at once; of what exceeds it not one packet gets through.",
        "packets per second",
        1,
        1_000_000,
    )
    level_1_block: int = _setting(
        30,
        "Level 1 block",
        "How long a source over level 1 is dropped in the kernel; its connections are cut. A source where phones "
        "registered during the last day is not blocked for level 1, it loses the excess; for level 2 it is blocked for "
        "no longer than this, and only if it exceeds that for ten seconds: an office whose phones all come back at "
        "once must not be silenced.",
        "seconds",
        1,
        365 * DAY,
    )
    level_2_enabled: bool = _setting(
        True,
        "Level 2",
        "As level 1, for sources that exceed the higher rate: they get the longer block. Protected addresses (the "
        "never-block set) are never blocked and lose only what exceeds level 2, or level 1 while level 2 is off.",
    )
    level_2_packets: int = _setting(
        2000,
        "Level 2 packets",
        "The rate of level 2, measured on what the source sends, before level 1 takes the excess away.",
        "packets per second",
        1,
        10_000_000,
    )
    level_2_block: int = _setting(
        3600,
        "Level 2 block",
        "How long a source over level 2 is dropped in the kernel and its connections are cut.",
        "seconds",
        1,
        365 * DAY,
    )
    sbc_level_1_packets: int = _setting(
        500,
        "Level 1 packets at the SBC",
        "The rate of level 1 on the SBC's own ports (5066 UDP, 5067 TCP, 5065 WSS), counted apart from the core's "
        "ports. It acts while the SBC and level 1 are switched on; the block is that of level 1.",
        "packets per second",
        1,
        1_000_000,
    )
    sbc_level_2_packets: int = _setting(
        2000,
        "Level 2 packets at the SBC",
        "The rate of level 2 on the SBC's own ports. It acts while the SBC and level 2 are switched on; the block is "
        "that of level 2.",
        "packets per second",
        1,
        10_000_000,
    )
    unknown_sources_enabled: bool = _setting(
        True,
        "Limit for unknown sources",
        "All sources without an accepted registration during the last day share one packet rate on the SIP ports, one "
        "for UDP and one for TCP. "
        "It keeps a flood from many addresses, each below level 1, away from the phones that are known.",
    )
    unknown_sources_packets: int = _setting(
        500,
        "Packets of unknown sources",
        "What unknown sources send together beyond this rate is dropped in the kernel. A new phone needs about four "
        "packets over UDP and fifteen over TLS to become known.",
        "packets per second",
        10,
        10_000_000,
    )
    unknown_connections_enabled: bool = _setting(
        True,
        "Limit for connections of an unknown source",
        "Counts new TCP and TLS connections to the SIP ports from a source without an accepted registration during "
        "the last day. Known sources, allow entries and protected addresses are not limited, so an office of many "
        "phones behind one address opens as many as it likes once the first of them has registered.",
    )
    unknown_connections: int = _setting(
        20,
        "Connections of an unknown source",
        "So many such a source can hold open at a time: half of them may be opened at once, the other half within the "
        "30 seconds after which a connection that brings no message is closed. The kernel drops further attempts; what "
        "is kept open beyond it is closed, the oldest first, and so is what all unknown sources hold beyond 1,024.",
        "connections",
        2,
        10_000,
    )
    blocked_user_agents_enabled: bool = _setting(
        True, "Blocked user agents", "Drops messages of listed user agents without an answer."
    )
    web_login_enabled: bool = _setting(
        True, "Web login protection", "Counts failed portal logins by address and blocks the address from signing in."
    )
    web_failed_login_limit: int = _setting(
        5,
        "Failed portal logins",
        "An address that exceeds this number is blocked from the portal, never from SIP.",
        "failures",
        1,
        10_000,
    )
    web_login_block: int = _setting(
        3600, "Block for failed logins", "How long the portal refuses that address.", "seconds", 1, 365 * DAY
    )
    web_provisioning_enabled: bool = _setting(
        True,
        "Provisioning protection",
        "Counts requests for unknown directories of phones, by address, and shuts the address out of provisioning.",
    )
    web_provisioning_limit: int = _setting(
        20,
        "Unknown directories",
        "An address that exceeds this number within ten minutes finds no phone's files any more; its SIP goes on.",
        "requests",
        1,
        10_000,
    )
    web_provisioning_block: int = _setting(
        3600, "Block for unknown directories", "How long provisioning stays closed for it.", "seconds", 1, 365 * DAY
    )
    web_api_requests: int = _setting(
        3000,
        "REST requests",
        "A token that makes more requests gets 429 with Retry-After until a minute's share is free again.",
        "requests per minute",
        10,
        1_000_000,
    )
    web_api_if_match: bool = _setting(
        False,
        "REST updates need If-Match",
        "An update without If-Match gets 428, so nobody overwrites what he has not seen.",
    )
    web_audit_retention: int = _setting(
        3650,
        "Audit log kept",
        "Older entries are deleted; a signed checkpoint in their place keeps the rest of the chain provable.",
        "days",
        1,
        36_500,
    )
    web_change_first_password: bool = _setting(
        True,
        "Change at first login",
        "A password that somebody else chose has to be changed before any other page opens.",
    )
    web_second_factor_required: bool = _setting(
        False,
        "Second factor for system administrators",
        "Without a passkey or an authenticator app no page but its set-up opens. Tenants have their own rule.",
    )
    web_idle_timeout: int = _setting(
        3600, "Idle sign-out", "A session that nobody uses for this time is over.", "seconds", 60, DAY
    )
    web_session_lifetime: int = _setting(
        12 * 3600, "Longest session", "After this time everybody signs in anew.", "seconds", 300, 30 * DAY
    )


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason why a value is refused: the field, what is wrong, and the stable id of the rule."""

    field: str
    rule: str
    message: str


def limits_of(name: str) -> Limits:
    """The limits of one setting. Raises KeyError for an unknown name."""
    for item in fields(SecuritySettings):
        if item.name == name:
            limits: Limits = item.metadata["limits"]
            return limits
    raise KeyError(name)


def setting_names() -> tuple[str, ...]:
    return tuple(item.name for item in fields(SecuritySettings))


def check_settings(values: Mapping[str, Any]) -> tuple[Problem, ...]:
    """All reasons to refuse these values; empty when `SecuritySettings(**values)` may be used.

    >>> [p.rule for p in check_settings({"detection_period": 0})]
    ['settings.range']
    >>> [p.rule for p in check_settings({"level_1_packets": 3000})]
    ['settings.unreachable']
    """
    problems = [problem for name, value in values.items() if (problem := _problem_of(name, value))]
    if problems:
        return tuple(problems)
    return _unreachable(SecuritySettings(**values))


def _problem_of(name: str, value: Any) -> Problem | None:
    if name not in setting_names():
        return Problem(name, "settings.unknown", f"There is no setting named {name!r}.")
    limits = limits_of(name)
    if limits.high == 0:
        return (
            None
            if isinstance(value, bool)
            else Problem(name, "settings.switch", f"{limits.label} is a switch: true or false.")
        )
    if isinstance(value, bool) or not isinstance(value, int):
        return Problem(name, "settings.number", f"{limits.label} must be a whole number of {limits.unit}.")
    if limits.low <= value <= limits.high:
        return None
    return Problem(
        name, "settings.range", f"{limits.label} is {value}; it must be {limits.low} to {limits.high} {limits.unit}."
    )


def _unreachable(settings: SecuritySettings) -> tuple[Problem, ...]:
    """Combinations in which one protection could never act."""
    return (*_levels_out_of_order(settings), *_limits_out_of_reach(settings))


def _levels_out_of_order(settings: SecuritySettings) -> tuple[Problem, ...]:
    if not (settings.level_1_enabled and settings.level_2_enabled):
        return ()
    pairs = (
        ("level_1_packets", settings.level_1_packets, settings.level_2_packets),
        ("sbc_level_1_packets", settings.sbc_level_1_packets, settings.sbc_level_2_packets),
    )
    return tuple(
        Problem(
            name,
            "settings.unreachable",
            f"Level 1 ({lower} packets per second) must be below "
            f"level 2 ({higher}): the lower level would never decide anything.",
        )
        for name, lower, higher in pairs
        if higher <= lower
    )


def most_packets(settings: SecuritySettings) -> int | None:
    """What the lowest level lets one source send within the detection period, its burst of one second included.

    None while both levels are off.

    >>> most_packets(SecuritySettings())
    5500
    """
    rates = [
        rate
        for enabled, rate in (
            (settings.level_1_enabled, settings.level_1_packets),
            (settings.level_2_enabled, settings.level_2_packets),
        )
        if enabled
    ]
    return min(rates) * (settings.detection_period + 1) if rates else None


def _limits_out_of_reach(settings: SecuritySettings) -> tuple[Problem, ...]:
    """Every counted event costs its source a packet, so a limit beyond what a level lets through never acts."""
    most = most_packets(settings)
    if most is None:
        return ()
    problems = []
    if settings.failed_authentication_enabled and settings.failed_authentication_limit > most:
        problems.append(_out_of_reach("failed_authentication_limit", settings.failed_authentication_limit, most))
    if settings.failed_challenge_enabled and settings.failed_challenge_limit >= most:
        problems.append(_out_of_reach("failed_challenge_limit", settings.failed_challenge_limit, most))
    return tuple(problems)


def _out_of_reach(name: str, limit: int, most: int) -> Problem:
    return Problem(
        name,
        "settings.unreachable",
        f"{limits_of(name).label}: {limit} can never be counted, because the packet rate levels let at most {most} "
        f"packets of one source through within the detection period. Lower it, or raise the level.",
    )
