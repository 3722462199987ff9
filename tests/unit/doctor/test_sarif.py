"""SARIF 2.1.0 (OASIS): the required properties, their types and the references between rules and results."""

from typing import Any

from ringfence.doctor.facts import Facts
from ringfence.doctor.report import examined
from ringfence.doctor.sarif import sarif
from ringfence.doctor.table import CHECKS
from tests.unit.doctor.planted import HARDENED, PLANTED

LEVELS = {"none", "note", "warning", "error"}
RUN = {"tool", "invocations", "results"}
DRIVER = {"name", "version", "rules"}
RULE = {"id", "name", "shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"}
RESULT = {"ruleId", "ruleIndex", "level", "message", "locations", "partialFingerprints"}


def document(facts: Facts) -> dict[str, Any]:
    return sarif(examined(facts), "1.0", "pbx")


def run_of(told: dict[str, Any]) -> dict[str, Any]:
    assert set(told) == {"$schema", "version", "runs"}
    assert told["version"] == "2.1.0"
    assert len(told["runs"]) == 1
    run: dict[str, Any] = told["runs"][0]
    assert set(run) == RUN
    return run


def test_a_run_has_every_rule_and_names_them_once() -> None:
    """Sections 3.14, 3.19 and 3.49."""
    driver = run_of(document(HARDENED))["tool"]["driver"]
    assert set(driver) == DRIVER
    assert [rule["id"] for rule in driver["rules"]] == [check.id for check in CHECKS]
    for rule in driver["rules"]:
        assert set(rule) == RULE
        assert all(rule[name]["text"] for name in ("shortDescription", "fullDescription", "help"))
        assert rule["defaultConfiguration"]["level"] in LEVELS
        assert rule["name"].isidentifier()
        assert 0 < float(rule["properties"]["security-severity"]) <= 10


def test_each_result_points_to_its_rule() -> None:
    """Sections 3.27, 3.28 and 3.33."""
    for planted in PLANTED.values():
        run = run_of(document(planted[0]))
        assert run["results"]
        for result in run["results"]:
            assert set(result) == RESULT
            assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
            assert result["level"] in LEVELS
            assert result["message"]["text"]
            assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].startswith("pbx/")
            assert all(isinstance(value, str) for value in result["partialFingerprints"].values())


def test_what_could_not_be_asked_is_a_notification() -> None:
    """Sections 3.20 and 3.58."""
    invocation = run_of(document(Facts(HARDENED.settings, None)))["invocations"][0]
    assert invocation["executionSuccessful"] is True
    rules = [note["associatedRule"]["id"] for note in invocation["toolExecutionNotifications"]]
    assert rules == [check.id for check in CHECKS if check.of_host]
    assert run_of(document(Facts()))["invocations"][0]["executionSuccessful"] is False
