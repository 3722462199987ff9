"""`ringfence transport`: what SIP is heard on, through the portal's own command."""

from typing import Annotated

import typer

from ringfence.cli.portal_command import run_portal
from ringfence.cli.watch_tls import watch

group = typer.Typer(help="List, add and remove what SIP is heard on; watch who is turned away.", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="As a JSON document.")]


@group.command("list")
def list_transports(as_json: AsJson = False) -> None:
    """List the transports in force and the addresses they are heard at."""
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
    words = ["add", protocol, str(port), "--link", link] if link else ["add", protocol, str(port)]
    run_portal("transport", *words, *_flags("--interrupt-calls", interrupt_calls), *_flags("--json", as_json))


@group.command("remove")
def remove(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `ringfence transport list` shows it.")],
    as_json: AsJson = False,
) -> None:
    """Remove a transport; refused for the last one, and while a trunk needs it."""
    run_portal("transport", "remove", name, *_flags("--json", as_json))


group.command("watch")(watch)


def _flags(word: str, is_wanted: bool) -> tuple[str, ...]:
    return (word,) if is_wanted else ()
