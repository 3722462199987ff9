"""`ringfence doctor`: every recommendation of the guide, and whether this system keeps it."""

import json
import os
import socket
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from ringfence import __version__
from ringfence.cli.outcome import misuse, print_json, refuse
from ringfence.cli.portal_command import portal_answer, run_portal
from ringfence.doctor import report
from ringfence.doctor.facts import Facts, Host, Settings
from ringfence.doctor.finding import Severity
from ringfence.doctor.inspect import inspect
from ringfence.doctor.report import Report, examined
from ringfence.doctor.sarif import sarif
from ringfence.doctor.table import BY_ID, MENDED_BY_HOST, MENDED_BY_PORTAL
from ringfence.hosts.firewall.pending import plan_from
from ringfence.hosts.firewall.plan import Plan
from ringfence.hosts.paths import Paths
from ringfence.hosts.secrecy import close_secrets
from ringfence.policy.plain import from_plain


def _close_secrets() -> None:
    for path in close_secrets(Paths.from_environment()):
        typer.echo(f"closed to others: {path}")


HOST_FIXES: Final[dict[str, Callable[[], None]]] = {"host.readable_secrets": _close_secrets}
"""What root mends on the host; the portal mends its own settings."""


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False,
    as_sarif: Annotated[bool, typer.Option("--sarif", help="As SARIF 2.1.0.")] = False,
    fix: Annotated[str, typer.Option(metavar="ID", help="Mend this finding, where that is safe.")] = "",
    threshold: Annotated[Severity, typer.Option("--fail-on", help="Exit code 1 from this severity on.")] = Severity.LOW,
) -> None:
    """Examine the system. Exit code 0: nothing found; 1: something at least as bad as --fail-on; 2: nothing could be
    asked. Without the database or the portal the host is examined alone."""
    if fix:
        _mend(fix)
        return
    found = examined(_facts())
    if as_sarif:
        print_json(sarif(found, __version__, socket.gethostname() or "host"))
    elif as_json:
        print_json(report.plain(found, is_fixable))
    else:
        typer.echo("\n".join(shown(found)))
    if code := found.exit_code(threshold):
        raise typer.Exit(code)


def is_fixable(check_id: str) -> bool:
    return check_id in MENDED_BY_HOST | MENDED_BY_PORTAL


def _mend(check_id: str) -> None:
    if check_id not in BY_ID:
        misuse(f"there is no check {check_id!r}; `ringfence doctor` names those that found something")
    if not is_fixable(check_id):
        advice = BY_ID[check_id].advice
        refuse(f"{check_id} is not mended by itself: {advice.words} {advice.command}".strip())
    if check_id in HOST_FIXES:
        HOST_FIXES[check_id]()
    else:
        run_portal("doctor", "--fix", check_id)
    typer.echo(f"{check_id}: mended.")


def _facts() -> Facts:
    host = _host(_plan())
    told = portal_answer("doctor", stdin=json.dumps(asdict(host)) if host else "")
    try:
        settings = from_plain(Settings, json.loads(told)) if told else None
    except (ValueError, TypeError, KeyError):
        settings = None
    return Facts(settings, host)


def _host(plan: Plan | None) -> Host | None:
    """Only root sees enough of the host to judge it."""
    return inspect(Paths.from_environment(), plan) if os.geteuid() == 0 else None


def _plan() -> Plan | None:
    told = portal_answer("firewall-plan")
    return plan_from(json.loads(told)) if told else None


def shown(found: Report) -> list[str]:
    """The report for a terminal: the worst first, each with its way out."""
    lines = [f"Score {found.score} of {report.BEST}, {found.asked} checks, {len(found.findings)} findings."]
    for finding in found.findings:
        check = finding.check
        lines += ["", f"{check.severity.upper()}  {check.id}  {check.title}"]
        lines += [f"    {sentence}" for sentence in report.shortened(finding.evidence)]
        lines += [f"    Reference, {check.section}: {check.says}", f"    Do: {check.advice.words}"]
        lines += [f"    Command: {command}" for command in _commands(check.id, check.advice.command)]
    if found.unasked:
        lines += ["", f"Could not be asked: {', '.join(check.id for check in found.unasked)}."]
    return lines


def _commands(check_id: str, command: str) -> list[Any]:
    mend = f"ringfence doctor --fix {check_id}"
    return [*([command] if command and command != mend else []), *([mend] if is_fixable(check_id) else [])]
