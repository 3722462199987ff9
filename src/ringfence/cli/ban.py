"""`ringfence ban`: asks the guard, so it works while the portal is down. `block` and `unblock` make and remove entries
of the IP blacklist page by the portal's own command.
"""

import getpass
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from ringfence.cli import address_lists
from ringfence.cli.address_lists import AsJson, ForSeconds, Prefix, Why, add_entry, carry_out
from ringfence.cli.outcome import print_json, refuse, refuse_unanswered
from ringfence.guardlink import GuardRefusal, GuardUnreachable, ask
from ringfence.hosts.paths import Paths
from ringfence.policy.offenders.antihacking import Sparing
from ringfence.policy.offenders.evidence import told
from ringfence.policy.scope import Scope

group = typer.Typer(help="Look at, explain, add and remove bans.", no_args_is_help=True)

Address = Annotated[str, typer.Argument(metavar="ADDRESS", help="An IPv4 or IPv6 address.")]
InScope = Annotated[Scope, typer.Option("--scope", help="What is closed: sip, web or provisioning.")]
AnyScope = Annotated[Scope | None, typer.Option("--scope", help="Only this ban; without it all of the address.")]

BLOCK: Final = "block"
address_lists.add_to(group, BLOCK, BLOCK)

SPARED: Final = "It cannot be banned"
SPARINGS: Final = {
    Sparing.NEVER_BLOCK: "it is a protected address",
    Sparing.HEALTHY: "phones are registered there; the accounts that failed were slowed",
    Sparing.UNPROVED: "it did not prove that it receives our answers and may be forged",
}


@group.command("list")
def list_bans(as_json: AsJson = False) -> None:
    """List the bans in force."""
    bans = _ask("bans.list")
    if as_json:
        print_json(bans)
        return
    print("\n".join(_row(ban) for ban in bans) if bans else "No address is banned.")


@group.command("explain")
def explain(address: Address, as_json: AsJson = False) -> None:
    """Tell why an address is banned, or that it is not, and what else is known about it."""
    facts = _ask("bans.explain", address=address)
    if as_json:
        print_json(facts)
        return
    print("\n".join(explanation(facts)))


@group.command("add")
def add(
    address: Address,
    seconds: Annotated[int, typer.Option(help="How long, in seconds.", min=1)] = 3600,
    reason: Annotated[str, typer.Option(help="Why; shown in the list.")] = "",
    scope: InScope = Scope.SIP,
    as_json: AsJson = False,
) -> None:
    """Ban an address by hand. Members of the never-block set are refused."""
    ban = _ask("bans.add", address=address, seconds=seconds, reason=reason, by=_caller(), scope=scope)
    if as_json:
        print_json(ban)
        return
    print(f"{ban['address']} is banned until {_clock(ban['until'])}.")


@group.command("remove")
def remove(address: Address, scope: AnyScope = None, as_json: AsJson = False) -> None:
    """Lift a ban at once."""
    chosen = {"scope": scope} if scope else {}
    lifted = _ask("bans.lift", address=address, by=_caller(), **chosen)
    if as_json:
        print_json(lifted)
        return
    print(f"{lifted['address']} is free again.")


@group.command("block")
def block(prefix: Prefix, description: Why = "", seconds: ForSeconds = 0, as_json: AsJson = False) -> None:
    """Add an entry that blocks an address or a range. What covers a member of the never-block set is refused."""
    add_entry(BLOCK, prefix, description, seconds, as_json)


@group.command("unblock")
def unblock(prefix: Prefix, as_json: AsJson = False) -> None:
    """Remove an entry that blocks."""
    carry_out(BLOCK, as_json, "remove", prefix)


@group.command("blocked")
def list_blocked(as_json: AsJson = False) -> None:
    """List the entries that block."""
    carry_out(BLOCK, as_json, "list")


def explanation(facts: dict[str, Any]) -> list[str]:
    """The facts about an address as sentences."""
    ban = facts["ban"]
    bans = [*([ban] if ban else []), *facts.get("doors", [])]
    lines = [line for found in bans for line in _why_banned(found)] or [f"{facts['address']} is not banned."]
    entry = facts["entry"]
    if entry:
        free = ", so the ban does not touch it" if ban and not facts["banned"] else ""
        lines.append(f"The {entry['target']} entry {entry['cidr']} covers it{_quoted(entry['description'])}{free}.")
    if facts["never_block"]:
        lines.append(f"{SPARED}: it is {facts['never_block']}.")
    if facts["registered"]:
        lines.append(f"Registered from there now: {', '.join(facts['registered'])}.")
    lines += [_why_spared(event) for event in facts.get("spared", ())]
    lines += [
        f"Earlier ban: {past['rule']}, {_clock(past['since'])} to {_clock(past['ended'])} ({_ending(past)})."
        for past in facts["past"]
    ]
    if bans:
        lines.append(
            f"To lift it: ringfence ban remove {facts['address']}   "
            f"To keep it free: ringfence allow add {facts['address']}"
        )
    return lines


def _why_spared(event: dict[str, Any]) -> str:
    proof, why = event["evidence"], SPARINGS.get(event["why"], event["why"])
    counted = f"{proof['count']} in {proof['window']} s (limit {proof['limit']})"
    tried = ", ".join(proof["accounts"])
    return _plain(f"Spared: {_clock(event['t'])}, {counted}{tried and f' for {tried}'}  [{proof['rule']}]; {why}.")


def _why_banned(ban: dict[str, Any]) -> list[str]:
    lines = [
        f"{ban['address']} is banned: {_where(ban)}.",
        f"Why:    {ban['reason'] or 'no reason was given'}  [{ban['rule']}]",
        f"Since:  {_clock(ban['since'])}, by {ban['by'] or 'unknown'}",
        f"Until:  {_clock(ban['until'])} ({_span(ban['seconds_left'])} left)",
    ]
    spared = [f"Spares: {', '.join(ban['spared'])}, by allow entries"] if ban.get("spared") else []
    return [*lines, *spared, *_proof(ban["evidence"])]


def _where(ban: dict[str, Any]) -> str:
    match ban.get("scope"):
        case Scope.WEB:
            return "it cannot sign in to portal and REST; SIP is not touched"
        case Scope.PROVISIONING:
            return "it cannot fetch configurations of phones; SIP is not touched"
    return "its packets are dropped in the kernel" if ban["in_kernel"] else "Kamailio refuses its requests"


def _proof(evidence: dict[str, Any]) -> list[str]:
    """The evidence, each piece on a line; a message keeps its own lines, without anything a terminal would obey."""
    lines = []
    for name, words in told(evidence, _clock):
        first, *more = words.splitlines()
        heading = f"{name.capitalize()}:"
        lines += (
            [heading, *(f"    {_plain(line)}" for line in (first, *more))] if more else [f"{heading} {_plain(first)}"]
        )
    return lines


def _plain(text: str) -> str:
    """What an attacker sent, without anything a terminal would obey."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _row(ban: dict[str, Any]) -> str:
    scope = ban.get("scope", Scope.SIP)
    left = f"{_span(ban['seconds_left']):>14} left"
    return f"{ban['address']:<24} {scope:<12} {left}  {ban['rule']:<34} {_plain(ban['reason'])}"


def _quoted(text: str) -> str:
    return f" ({_plain(text)})" if text else ""


def _ending(past: dict[str, Any]) -> str:
    return f"{past['ended_why']} by {past['ended_by']}" if past["ended_by"] else str(past["ended_why"])


def _clock(stamp: float) -> str:
    return datetime.fromtimestamp(stamp).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def _span(seconds: float) -> str:
    """
    >>> _span(3599.4), _span(59)
    ('59 min 59 s', '59 s')
    """
    whole = int(seconds)
    parts = [(whole // 86_400, "d"), (whole % 86_400 // 3_600, "h"), (whole % 3_600 // 60, "min"), (whole % 60, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)[:24] or "0 s"


def _caller() -> str:
    """Who is at the shell; the words in front tell the audit log that it was not the portal."""
    return f"command line ({getpass.getuser()})"


def _ask(verb: str, **args: Any) -> Any:
    try:
        return ask(Paths.from_environment().guard_socket, verb, **args)
    except GuardRefusal as refusal:
        refuse(str(refusal))
    except GuardUnreachable as error:
        refuse_unanswered(str(error))
