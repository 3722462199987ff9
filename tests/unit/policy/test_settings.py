"""Settings: what is out of range, and combinations in which a protection could never act, are refused with the
reason.
"""

from dataclasses import replace

import pytest

from ringfence.policy.settings import SecuritySettings, check_settings, limits_of, most_packets, setting_names

SWITCHES = {
    "failed_authentication_enabled",
    "failed_challenge_enabled",
    "level_1_enabled",
    "level_2_enabled",
    "blocked_user_agents_enabled",
    "web_login_enabled",
}


def test_the_defaults_are_accepted_and_are_those_of_the_reference() -> None:
    assert check_settings({}) == ()
    settings = SecuritySettings()
    assert (settings.failed_authentication_limit, settings.failed_authentication_block) == (50, 3600)
    assert (settings.failed_challenge_limit, settings.failed_challenge_block) == (1000, 3600)
    assert (settings.level_1_packets, settings.level_2_packets) == (500, 2000)
    assert (settings.detection_period, settings.web_failed_login_limit, settings.web_login_block) == (10, 5, 3600)


def test_every_protection_has_a_switch_that_is_on() -> None:
    assert {name for name in setting_names() if limits_of(name).high == 0} >= SWITCHES
    assert all(getattr(SecuritySettings(), name) is True for name in SWITCHES)


@pytest.mark.parametrize(
    ("values", "field", "rule"),
    [
        ({"level_1_packets": 3000}, "level_1_packets", "settings.unreachable"),
        ({"level_1_packets": 2000}, "level_1_packets", "settings.unreachable"),
        ({"failed_authentication_limit": 5501}, "failed_authentication_limit", "settings.unreachable"),
        ({"failed_challenge_limit": 5500}, "failed_challenge_limit", "settings.unreachable"),
        ({"level_1_packets": 50}, "failed_challenge_limit", "settings.unreachable"),
        (
            {"level_1_enabled": False, "failed_challenge_limit": 22_000},
            "failed_challenge_limit",
            "settings.unreachable",
        ),
        ({"detection_period": 0}, "detection_period", "settings.range"),
        ({"detection_period": "10"}, "detection_period", "settings.number"),
        ({"detection_period": True}, "detection_period", "settings.number"),
        ({"level_1_enabled": 1}, "level_1_enabled", "settings.switch"),
        ({"nonsense": 1}, "nonsense", "settings.unknown"),
    ],
)
def test_a_refusal_names_field_and_rule(values: dict[str, object], field: str, rule: str) -> None:
    problems = check_settings(values)
    assert [(problem.field, problem.rule) for problem in problems] == [(field, rule)]


@pytest.mark.parametrize(
    "values",
    [
        {"failed_authentication_limit": 5500},
        {"failed_challenge_limit": 5499},
        {"level_1_enabled": False, "level_1_packets": 5000},
        {"level_1_packets": 50, "failed_challenge_enabled": False},
        {"level_1_enabled": False, "level_2_enabled": False, "failed_challenge_limit": 1_000_000},
        {"failed_authentication_enabled": False, "failed_authentication_limit": 100_000},
    ],
)
def test_what_a_switched_off_protection_says_does_not_matter(values: dict[str, object]) -> None:
    assert check_settings(values) == ()


def test_without_a_level_there_is_no_most() -> None:
    assert most_packets(replace(SecuritySettings(), level_1_enabled=False, level_2_enabled=False)) is None
