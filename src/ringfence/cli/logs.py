"""`ringfence logs`"""

import os
from typing import Annotated

import typer

from ringfence.cli.outcome import misuse, refuse
from ringfence.hosts.paths import Paths


def logs(
    part: Annotated[
        str,
        typer.Argument(help="core, media, guard, portal, ingest, wsi, notices, web, access, supervise; without, all."),
    ] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on printing new lines until Ctrl-C.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines of each file.")] = 50,
) -> None:
    """Print the last lines of what the parts wrote."""
    folder = Paths.from_environment().logs
    known = {file.stem: file for file in sorted(folder.glob("*.log"))}
    if part and part not in known:
        misuse(f"there is no log of {part!r}; there are: {', '.join(known) or 'none yet'}")
    files = [str(known[part])] if part else [str(file) for file in known.values()]
    if not files:
        refuse("nothing has been logged yet")
    words = ["tail", "-n", str(lines), *(["-F"] if follow else []), *files]
    os.execvp("tail", words)
