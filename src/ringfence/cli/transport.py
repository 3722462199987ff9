"""`ringfence transport`: what SIP is heard on, through the portal's own command."""

import os
from typing import Annotated

import typer

from ringfence.cli.outcome import refuse
from ringfence.cli.portal_command import run_portal
from ringfence.cli.watch_tls import watch
from ringfence.engines.keep import running_supervisor
from ringfence.hosts.paths import Paths

group = typer.Typer(help="List, add and remove what SIP is heard on; watch who is turned away.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="As a JSON document.")]


@group.command("list")
def list_transports(as_json: AsJson = False) -> None:
    """List the transports in force and the addresses they are heard at."""
    _needs_a_running_system()
    run_portal("transport", "list", *_flags("--json", as_json))


@group.command("add")
def add(
    protocol: Annotated[str, typer.Argument(metavar="PROTOCOL", help="udp, tcp, tls or wss.")],
    port: Annotated[int, typer.Argument(metavar="PORT", help="1024 to 65535.")],
    link: Annotated[str, typer.Option(help="A link or an own address; without it, the usual addresses.")] = "",
    interrupt_calls: Annotated[
        bool, typer.Option("--interrupt-calls", help="Calls may lose their sound: the first on a link needs that.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Add a transport; it is in force within seconds, and calls go on."""
    _needs_a_running_system()
    words = ["add", protocol, str(port), "--link", link] if link else ["add", protocol, str(port)]
    run_portal("transport", *words, *_flags("--interrupt-calls", interrupt_calls), *_flags("--json", as_json))


@group.command("remove")
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `ringfence transport list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Remove a transport; refused for the last one, and while a trunk needs it."""
    _needs_a_running_system()
    run_portal("transport", "remove", name, *_flags("--json", as_json))


group.command("watch")(watch)


def _needs_a_running_system() -> None:
    """The process that changes the transports is asked; where nothing runs, nobody starts it again by itself.
    Whether something runs is for root to see."""
    if os.geteuid() == 0 and running_supervisor(Paths.from_environment().supervise) is None:
        refuse("Ringfence does not run, and nobody else knows what is heard where. Start it: ringfence up")


def _flags(word: str, is_wanted: bool) -> tuple[str, ...]:
    return (word,) if is_wanted else ()
