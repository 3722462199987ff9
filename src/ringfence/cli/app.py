"""The list of verbs. A new verb is a module in this directory and one line here."""

import os
import sys
from collections.abc import Callable
from importlib.util import find_spec
from typing import Final

import typer

from ringfence.cli import (
    acme,
    allow,
    audit,
    backup,
    ban,
    budget,
    check_password,
    confirm,
    doctor,
    down,
    dry_run,
    explain,
    firewall,
    inbound,
    logs,
    phone,
    probe,
    public_address,
    restore,
    sbc,
    setup_link,
    sign_in,
    ssh_port,
    status,
    tenant,
    transport,
    up,
    user,
    web_access,
)
from ringfence.cli.outcome import REFUSED
from ringfence.hosts.room import disk_refuses

VERBS: Final[tuple[tuple[str, Callable[..., None]], ...]] = (
    ("up", up.up),
    ("down", down.down),
    ("status", status.status),
    ("doctor", doctor.doctor),
    ("ssh-port", ssh_port.ssh_port),
    ("probe", probe.probe),
    ("public-address", public_address.public_address),
    ("logs", logs.logs),
    ("check-password", check_password.check_password),
    ("confirm", confirm.confirm),
    ("dry-run", dry_run.dry_run),
    ("explain", explain.explain),
    ("setup-link", setup_link.setup_link),
    ("backup", backup.backup),
    ("restore", restore.restore_backup),
)
"""Single verbs: `ringfence NAME`. The function's parameters are its options, its docstring the help."""

GROUPS: Final[tuple[tuple[str, typer.Typer], ...]] = (
    ("audit", audit.group),
    ("ban", ban.group),
    ("budget", budget.group),
    ("allow", allow.group),
    ("tenant", tenant.group),
    ("user", user.group),
    ("transport", transport.group),
    ("sbc", sbc.group),
    ("phone", phone.group),
    ("sign-in", sign_in.group),
    ("web-access", web_access.group),
    ("acme", acme.group),
    ("firewall", firewall.group),
    ("inbound", inbound.group),
)
"""Verbs with verbs below them: `ringfence NAME VERB`."""


UMASK: Final = 0o022
"""As in a checkout (platform/enter), whatever root's shell has: with 077 the parts cannot read what is theirs, with 000
everybody could write the supervisor's log."""


def played() -> tuple[tuple[str, Callable[..., None]], ...]:
    """The demo, where there is a lab to play it in: packages of the product leave that out, and its attackers."""
    if find_spec("ringfence.lab") is None:
        return ()
    from ringfence.cli import demo

    return (("demo", demo.demo),)


def build() -> typer.Typer:
    app = typer.Typer(
        name="ringfence",
        help="A business phone system that is secure by default.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_show_locals=False,
    )
    for name, verb in (*VERBS, *played()):
        app.command(name)(verb)
    for name, group in GROUPS:
        app.add_typer(group, name=name)
    return app


def main() -> None:
    """Any verb may meet a disk that takes nothing; that is no page of Python."""
    os.umask(UMASK)
    try:
        build()(prog_name="ringfence")
    except OSError as error:
        if not (why := disk_refuses(error)):
            raise
        sys.stderr.write(f"ringfence: {why}\n")
        sys.exit(REFUSED)
