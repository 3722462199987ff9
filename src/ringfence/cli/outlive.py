"""Work that goes on when the connection that asked for it is gone."""

import os
from collections.abc import Callable


def outlive(work: Callable[[], None]) -> None:
    """Runs it in a process of its own, without a terminal; returns at once."""
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for descriptor in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    try:
        work()
    finally:
        os._exit(0)
