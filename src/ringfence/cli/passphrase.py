"""How the command line gets a passphrase: from a file or the keyboard, never from arguments, which all can see."""

import sys
from pathlib import Path

import typer

from ringfence.cli.outcome import refuse


def passphrase_from(file: Path | None, *, twice: bool = False) -> str:
    """The first line of the file, or what is typed."""
    if file is None:
        return _typed(twice)
    try:
        return file.read_text(encoding="utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        refuse(f"the passphrase cannot be read from {file}: {error}")


def _typed(twice: bool) -> str:
    try:
        typed: str = typer.prompt("Passphrase of the backup", hide_input=True, confirmation_prompt=twice)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        refuse("there is nobody to type the passphrase; give it in a file: --passphrase-file FILE")
    return typed
