"""`ringfence demo`"""

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from ringfence.cli.outcome import refuse
from ringfence.lab import tone
from ringfence.lab.attackers import Attack, crack_password, enumerate_extensions, map_servers
from ringfence.lab.network import Lab, LabUnavailable, namespaces_of
from ringfence.lab.phones import PORTS, Baresip
from ringfence.lab.product import Product, ProductFailed, make_home, within
from ringfence.lab.sip import Account
from ringfence.lab.softphone import NoAnswer, Transport

TOOLS: Final = ("baresip", "svcrack", "svwar", "svmap", "nsenter", "nft")
DOMAIN: Final = "acme.example"
TALK: Final = 5.0
CALLER_TONE, CALLEE_TONE = 400, 700
WORDS: Final = 400
"""Length of the attacker's dictionary; the true password stands in its middle."""


@dataclass(slots=True)
class Demo:
    """What one play needs."""

    say: "Narrator"
    lab: Lab
    product: Product
    home: Path


class Narrator:
    """Prints numbered scenes, and measured facts with the seconds since the beginning."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._begun = time.monotonic()
        self._scene = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._begun

    def scene(self, title: str) -> None:
        self._scene += 1
        self._console.print(f"\n[bold]{self._scene}. {title}[/bold]")

    def fact(self, sentence: str) -> None:
        self._console.print(f"   [dim]{self.seconds:5.1f} s[/dim]  {sentence}")

    def quote(self, text: str) -> None:
        for line in text.strip().splitlines():
            self._console.print(f"            {line.rstrip()}", style="cyan", markup=False)

    def show(self, table: Table) -> None:
        self._console.print(table)


def demo(keep: Annotated[bool, typer.Option(help="Keep the demo's logs and data in /tmp.")] = False) -> None:
    """Play it all in under a minute: two phones call each other, an attacker is cut off, nothing is left behind.

    Everything happens in network namespaces of its own; a running system and the machine's network are not touched.
    """
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        refuse(f"the demo plays with {', '.join(missing)}, which is not installed. Run: ./ringfence setup --test")
    say = Narrator(Console(highlight=False, soft_wrap=True))
    try:
        with _stage(say, keep) as stage:
            _play(stage)
    except (LabUnavailable, ProductFailed, NoAnswer) as failure:
        refuse(str(failure))
    say.fact(f"[bold green]Done.[/bold green] All of it took {say.seconds:.0f} s.")


@contextmanager
def _stage(say: Narrator, keep: bool) -> Iterator[Demo]:
    """A running system in a lab; processes, namespaces and files are gone afterwards."""
    home = make_home("demo")
    try:
        with Lab() as lab:
            product = Product(lab.host("srv", 1), lab.host("admin", 10), home)
            try:
                yield Demo(say, lab, product, home)
            finally:
                say.scene("The stage is cleared")
                product.stop()
    finally:
        if keep:
            say.fact(f"kept: {home}")
        else:
            shutil.rmtree(home)
    left = [*product.host.processes(), *namespaces_of(lab), *([] if keep else home.parent.glob(home.name))]
    say.fact(
        "Every process has ended, every namespace is removed, no file is left." if not left else f"Left behind: {left}"
    )


def _play(stage: Demo) -> None:
    alice, bob = _set_up(stage)
    with ThreadPoolExecutor(max_workers=1) as hands, _phones(stage, alice, bob) as (caller, callee):
        begun = _call(stage, caller)
        _attack(stage, alice, hands)
        _hang_up(stage, caller, callee, begun)
        _forgive(stage)


def _set_up(stage: Demo) -> tuple[Account, Account]:
    say, product = stage.say, stage.product
    say.scene("A phone system starts")
    seconds = product.start()
    say.fact(f"SIP core, media relay, guard, portal and web server are ready after {seconds:.1f} s, on 10.77.0.1.")
    product.administer()
    tenant = product.create_tenant("Acme", DOMAIN)
    accounts = [_account(product, tenant, number) for number in ("101", "102")]
    say.fact("The administrator used the one-time setup link and made the extensions 101 and 102.")
    say.fact(
        f"Their SIP secrets were generated and shown once: {accounts[0].secret[:6]}… and {accounts[1].secret[:6]}…"
    )
    return accounts[0], accounts[1]


def _account(product: Product, tenant: dict[str, Any], number: str) -> Account:
    return Account(number, DOMAIN, product.create_user(tenant, number)["sip_secret"])


@contextmanager
def _phones(stage: Demo, alice: Account, bob: Account) -> Iterator[tuple[Baresip, Baresip]]:
    home, lab = stage.home, stage.lab
    with (
        Baresip(lab.host("alice", 11), home / "alice", alice, Transport.UDP, CALLER_TONE) as caller,
        Baresip(lab.host("bob", 12), home / "bob", bob, Transport.TCP, CALLEE_TONE) as callee,
    ):
        stage.say.scene("Two phones call each other")
        for phone, transport in ((caller, Transport.UDP), (callee, Transport.TCP)):
            phone.wait_registered()
            stage.say.fact(f"{phone.account.user} is registered over {transport} (port {PORTS[transport]}).")
        yield caller, callee


def _call(stage: Demo, caller: Baresip) -> float:
    caller.dial("102")
    caller.wait_for("CALL_ESTABLISHED")
    live, _ = within(2, stage.product.live_calls, "the live call is listed")
    stage.say.fact(f"101 talks to 102. The portal lists {len(live)} live call. Each phone sends a tone.")
    return time.monotonic()


def _attack(stage: Demo, victim: Account, hands: ThreadPoolExecutor) -> None:
    say, product, home = stage.say, stage.product, stage.home / "attacker"
    evil = stage.lab.host("attacker", 66)
    say.scene("Meanwhile an attacker finds the system")
    found = map_servers(evil, home, seconds=3, disguise="").found("10.77.0.1")
    say.fact(f"svmap, as it comes: {'found the server' if found else 'finds nothing; its user agent gets no answer'}.")
    survey = enumerate_extensions(evil, home, "100-110", seconds=3)
    learned = [number for number in ("101", "102") if survey.found(number)]
    say.fact(
        f"svwar under another name tries 100 to 110 and learns {', '.join(learned) or 'nothing: all answer alike'}."
    )
    words = [f"guess{number}" for number in range(WORDS)]
    words[WORDS // 2] = victim.secret
    begun = time.monotonic()
    guessing = hands.submit(crack_password, evil, home, "101", words, 7)
    within(10, lambda: product.in_kernel_set(evil.address), "the attacker is banned")
    passed = time.monotonic() - begun
    say.fact(f"svcrack guesses passwords of 101; {passed:.1f} s later 10.77.0.66 is in the kernel's ban set.")
    _aftermath(stage, guessing, victim)


def _aftermath(stage: Demo, guessing: "Future[Attack]", victim: Account) -> None:
    say, product = stage.say, stage.product
    before = product.dropped_packets()
    attack = guessing.result()
    lost = product.dropped_packets() - before
    outcome = "FOUND" if victim.secret in attack.report else "not found, although it stands in the middle of its list"
    say.fact(f"Its next {lost} packets died in the kernel. The password: {outcome}.")
    say.fact("What the administrator sees with: ringfence ban explain 10.77.0.66")
    say.quote(product.command("ban", "explain", "10.77.0.66").stdout)


def _hang_up(stage: Demo, caller: Baresip, callee: Baresip, begun: float) -> None:
    say = stage.say
    time.sleep(max(0.0, TALK + 0.5 - (time.monotonic() - begun)))
    seconds = time.monotonic() - begun
    caller.hang_up()
    callee.wait_for("CALL_CLOSED")
    say.scene("The call of the two phones")
    table = Table(box=None, padding=(0, 2), pad_edge=True)
    for title in ("", "heard", "for", "of", "longest hole"):
        table.add_column(title)
    for phone, frequency in ((caller, CALLEE_TONE), (callee, CALLER_TONE)):
        heard = tone.listen(phone.recording, frequency)
        if heard.seconds < TALK or not heard.is_whole:
            raise ProductFailed(f"the call suffered: {phone.account.user} heard {heard}")
        cells = (f"{frequency} Hz", f"{heard.seconds:.2f} s", f"{seconds:.2f} s", f"{heard.longest_gap * 1000:.0f} ms")
        table.add_row(f"          {phone.account.user}", *cells)
    say.show(table)
    record, passed = within(2, lambda: next(iter(stage.product.call_records()), None), "the call record")
    say.fact(
        f"The call record is there after {passed:.1f} s: {record['caller']} to {record['dialled']}, "
        f"{record['duration']:.1f} s, ended by the {record['ended_by']}, code {record['code']}."
    )


def _forgive(stage: Demo) -> None:
    say, product = stage.say, stage.product
    say.scene("It was the new branch office after all")
    product.allow("10.77.0.66", "new branch office")
    _, passed = within(2, lambda: not product.in_kernel_set("10.77.0.66"), "the ban is lifted")
    say.fact(f"The administrator adds an allow entry; the ban is lifted {passed:.2f} s later.")
    say.fact("The entry skips the counting only: without the right password there is still no call.")
