"""The report as SARIF 2.1.0 (OASIS), which code hosts and security dashboards read."""

from typing import Any, Final

from ringfence.doctor.finding import Check, Finding, Severity
from ringfence.doctor.report import Report, shortened
from ringfence.doctor.table import CHECKS

VERSION: Final = "2.1.0"
SCHEMA: Final = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS: Final = {
    Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note",
}  # fmt: skip
RANKS: Final = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.0", Severity.LOW: "2.0"}
"""`security-severity`, a number that GitHub sorts by."""


def sarif(report: Report, version: str, host: str) -> dict[str, Any]:
    """One run with a rule for each check and a result for each finding. `host` names the machine."""
    places = {check.id: place for place, check in enumerate(CHECKS)}
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Ringfence doctor",
                        "version": version,
                        "rules": [_rule(check) for check in CHECKS],
                    }
                },
                "invocations": [
                    {
                        "executionSuccessful": report.asked > 0,
                        "toolExecutionNotifications": [_unasked(check, places) for check in report.unasked],
                    }
                ],
                "results": [_result(finding, places[finding.check.id], host) for finding in report.findings],
            }
        ],
    }


def _rule(check: Check) -> dict[str, Any]:
    text = check.advice.words + (f" Command: {check.advice.command}" if check.advice.command else "")
    return {
        "id": check.id,
        "name": "".join(word.capitalize() for word in check.id.replace(".", "_").split("_")),
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": f"{check.section}: {check.says}"},
        "help": {"text": text},
        "defaultConfiguration": {"level": LEVELS[check.severity]},
        "properties": {"security-severity": RANKS[check.severity], "tags": ["security", check.id.partition(".")[0]]},
    }


def _result(finding: Finding, place: int, host: str) -> dict[str, Any]:
    check = finding.check
    return {
        "ruleId": check.id,
        "ruleIndex": place,
        "level": LEVELS[check.severity],
        "message": {"text": "\n".join((f"{check.title}.", *shortened(finding.evidence)))},
        "locations": [{"logicalLocations": [{"name": host, "fullyQualifiedName": f"{host}/{check.id}"}]}],
        "partialFingerprints": {"ringfenceCheck/v1": f"{host}/{check.id}"},
    }


def _unasked(check: Check, places: dict[str, int]) -> dict[str, Any]:
    return {
        "level": "warning",
        "message": {"text": f"{check.title}: this could not be asked."},
        "associatedRule": {"id": check.id, "index": places[check.id]},
    }
