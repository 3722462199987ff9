"""`ringfence probe`: what somebody outside sees."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from ringfence.cli.outcome import misuse, print_json, refuse
from ringfence.hosts.firewall.pending import plan_from
from ringfence.hosts.firewall.plan import Plan
from ringfence.probe.look import Wish, look
from ringfence.probe.view import View, differences, weaknesses


def probe(
    host: Annotated[str, typer.Argument(help="Name or address. Look at your own systems only.")],
    plan: Annotated[
        str, typer.Option(metavar="FILE", help="What `ringfence firewall show --json` printed there.")
    ] = "",
    domain: Annotated[str, typer.Option(help="SIP domain, for the check of enumeration.")] = "",
    full: Annotated[bool, typer.Option("--full", help="Try every TCP port, not only the usual ones.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="As a JSON document.")] = False,
) -> None:
    """Look at a system from outside: open ports, banners, TLS, redirects, WebSockets, enumeration of extensions.

    With a plan, exit code 1 if something else is open than planned, or if anything helps an attacker.
    """
    wanted = _read(plan) if plan else None
    try:
        view = look(Wish(host, domain, full), wanted)
    except OSError as error:
        refuse(f"{host} cannot be looked at: {error}")
    differing = list(differences(view, wanted)) if wanted is not None else []
    weak = list(weaknesses(view))
    if as_json:
        print_json({**asdict(view), "full": full, "differences": differing, "weaknesses": weak})
    else:
        typer.echo("\n".join(_shown(view, differing, weak, planned=wanted is not None)))
    if differing or weak:
        raise typer.Exit(1)


def _read(path: str) -> Plan:
    try:
        return plan_from(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        misuse(f"{path} is no plan (make it with: ringfence firewall show --json): {error}")


def _shown(view: View, differing: list[str], weak: list[str], *, planned: bool) -> list[str]:
    lines = [f"{view.host}, seen from {view.source or 'here'}; {view.scanned} TCP ports tried."]
    lines.append(f"Open: {', '.join([*(f'{p}/tcp' for p in view.tcp), *(f'{p}/udp' for p in view.udp)]) or 'nothing'}")
    lines += [f"  says  {line}" for line in view.banners]
    lines += [f"  TLS   {one.port}: {', '.join(one.versions)}, {one.cipher}" for one in view.tls]
    lines += [f"  HTTP  {one.port}: {one.status}" for one in view.web]
    lines += [f"  SIP   {one.protocol} {one.port}: {one.status} {one.agent}" for one in view.sip]
    lines += [f"! {line}" for line in (*differing, *weak)]
    if planned and not differing:
        lines.append("What is open is what the plan opens.")
    return lines
