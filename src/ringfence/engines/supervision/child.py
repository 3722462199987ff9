"""What is told of a process that the supervisor keeps alive."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Child:
    """One supervised process.

    `ready` lists probes (`tcp:HOST:PORT`, `udp:PORT`, `unix:PATH`); none means ready as soon as it runs.
    `before` is run to its end before every start; its failure is logged and does not stop the start.
    `follows`: a file; whenever it is written, the child is ended and started again.
    `answers`: a port of loopback where it answers what a media relay is asked; silent there, it is ended and started
    again, 0 for one that is not asked.
    `control`: the socket of a SIP core, which tells errors until it is ready and is silent from then on. `loud` is what
    it is told for that, in a start after one that failed.
    `doorstep`: it gets the program that drops banned sources at the links, if that can be loaded (docs/adr/0074).
    `never_rests`: it does something at least each few seconds, so that one without a move hangs.
    `whole`: the processes of its session live and die together (Kamailio: a lost worker must bring a full restart).
    An empty `account` keeps the supervisor's own user; only tests use that.
    """

    name: str
    argv: tuple[str, ...]
    log: str
    account: str = ""
    capabilities: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    ready: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    before_account: str = ""
    after: tuple[str, ...] = ()
    more_logs: tuple[str, ...] = ()
    follows: str = ""
    answers: int = 0
    control: str = ""
    loud: tuple[str, ...] = ()
    doorstep: bool = False
    never_rests: bool = False
    whole: bool = False
    umask: int = 0o027
    open_files: int = 65536
    stop_seconds: float = 3.0
