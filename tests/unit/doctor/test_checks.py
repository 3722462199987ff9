"""Issue "doctor": a system with planted weaknesses is named in all of them, and a hardened one in nothing."""

import pytest

from ringfence.doctor.facts import Facts
from ringfence.doctor.finding import Severity
from ringfence.doctor.report import CLEAN, FOUND, IMPOSSIBLE, examined, plain, shortened
from ringfence.doctor.table import BY_ID, CHECKS, MENDED_BY_HOST, MENDED_BY_PORTAL
from tests.unit.doctor.planted import HARDENED, HOST, PLANTED, SETTINGS, certificate, rule


def test_nothing_is_found_on_a_hardened_system() -> None:
    report = examined(HARDENED)
    assert [(finding.check.id, finding.evidence) for finding in report.findings] == []
    assert (report.score, report.exit_code(Severity.LOW), report.asked) == (100, CLEAN, len(CHECKS))


@pytest.mark.parametrize(
    ("check_id", "facts"), [(name, facts) for name, planted in PLANTED.items() for facts in planted]
)
def test_each_planted_weakness_is_named(check_id: str, facts: Facts) -> None:
    found = {finding.check.id: finding for finding in examined(facts).findings}
    assert check_id in found
    assert all(sentence.endswith(".") for sentence in found[check_id].evidence)


@pytest.mark.parametrize(
    ("left", "lifetime", "is_named"),
    [
        (22, 365, False),
        (21.9, 365, True),
        (21, 60, False),
        (19.9, 60, True),
        (2.1, 6, False),
        (1.9, 6, True),
        (0.4, 1, False),
        (0.3, 1, True),
    ],
)
def test_a_short_certificate_is_judged_by_a_third_of_its_lifetime(left: float, lifetime: float, is_named: bool) -> None:
    """Reference, "Web Access Security": one that is renewed every few days is no finding while it is young."""
    found = {finding.check.id for finding in examined(certificate(False, left, lifetime)).findings}
    assert ("web.certificate_expiring" in found) is is_named


def test_every_check_has_a_weakness_planted_and_an_id_of_its_own() -> None:
    assert set(PLANTED) == {check.id for check in CHECKS}
    assert len(BY_ID) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.id)
def test_each_check_says_what_to_do_and_what_the_reference_says(check: object) -> None:
    """Reference, whole guide: severity, section, advice in words."""
    found = next(item for item in CHECKS if item is check)
    assert found.title and found.section and found.says.endswith(".") and found.advice.words.endswith(".")
    assert (found.of_settings is None) != (found.of_host is None)
    assert found.advice.page or found.advice.command or found.id.startswith("cloud.")


def test_what_could_not_be_asked_is_neither_good_nor_bad() -> None:
    alone = examined(Facts(None, HOST))
    assert {check.id for check in alone.unasked} == {check.id for check in CHECKS if check.of_settings}
    assert alone.exit_code(Severity.LOW) == CLEAN
    assert examined(Facts()).exit_code(Severity.LOW) == IMPOSSIBLE
    assert examined(Facts(SETTINGS, None)).asked == sum(check.of_settings is not None for check in CHECKS)


def test_the_exit_code_follows_the_threshold_and_the_worst_comes_first() -> None:
    report = examined(PLANTED["sip.default_ports"][0])
    assert (report.exit_code(Severity.LOW), report.exit_code(Severity.MEDIUM)) == (FOUND, CLEAN)
    assert report.score == 99
    everything = examined(Facts(PLANTED["people.login_protection"][0].settings, PLANTED["host.ssh_port"][0].host))
    assert [finding.check.id for finding in everything.findings] == ["people.login_protection", "host.ssh_port"]


def test_as_json_it_says_what_can_be_mended_and_evidence_is_bounded() -> None:
    told = plain(examined(PLANTED["web.redirects"][0]), MENDED_BY_PORTAL.__contains__)
    finding = told["findings"][0]
    assert (finding["id"], finding["fixable"], finding["page"]) == ("web.redirects", True, "/web-access")
    assert told["counts"] == {"critical": 0, "high": 0, "medium": 1, "low": 0}
    assert shortened(tuple(map(str, range(70))))[-1] == "… and 20 more."
    assert set(BY_ID) >= MENDED_BY_PORTAL | MENDED_BY_HOST


def test_a_rule_for_numbers_of_the_own_country_is_none_for_calls_abroad() -> None:
    """It may name no reach, as the first rule of most tenants does."""
    found = examined(rule(reaches=(), restricted=False, at_home=True))
    assert not {finding.check.id for finding in found.findings} & {"calls.rules_abroad", "calls.rules_hours"}
