"""`ringfence sign-in`: the way back in for whoever has a shell on the server."""

from typing import Annotated

import typer

from ringfence.cli.portal_command import run_portal

group = typer.Typer(help="Help somebody back into the portal.", no_args_is_help=True)

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="admin, or extension@domain.")]


@group.command("new-password")
def new_password(username: Username) -> None:
    """Print a new first password, once. It must be changed at the next sign-in; a second factor stays."""
    run_portal("signin", "new-password", username)


@group.command("reset-second-factor")
def reset_second_factor(username: Username) -> None:
    """Remove passkeys, authenticator app and recovery codes of somebody who lost them."""
    run_portal("signin", "reset-second-factor", username)


@group.command("unlock")
def unlock(address: Annotated[str, typer.Argument(metavar="ADDRESS", help="From where the portal is closed.")]) -> None:
    """Forget the failed sign-ins from an address: an administrator's own is counted, but never listed as banned."""
    run_portal("signin", "unlock", address)
