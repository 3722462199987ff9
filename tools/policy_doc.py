"""Writes docs/policy.md: every rule id with its sentence and its answer, in the order in which the rules are asked.

The sentences of gates are their docstrings; the answers are read from the code, so the page cannot promise another one.
`make docs` runs it.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from ringfence.policy import decide, routing
from ringfence.policy.calls import dialog
from ringfence.policy.offenders import antihacking, challenges
from ringfence.policy.outgoing import outside
from ringfence.policy.settings import SecuritySettings, limits_of
from tools.policy_words import ANSWERS, FEATURES, SENTENCES

SOURCE: Final = Path(__file__).parents[1] / "src" / "ringfence"
PAGE: Final = Path(__file__).parents[1] / "docs" / "policy.md"
RULE_ID: Final = re.compile(
    r"(packet|source|method|identity|registration|websocket|route|outbound|forward|transfer|watch|text|code|dialog|media"
    r"|antihacking)"
    r"\.[a-z_]+"
)
DROPPED: Final = "no answer"
CHALLENGED: Final = "401 for REGISTER, 407 otherwise"

type Gate = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One rule: its id, what it says, what the sender gets."""

    rule: str
    sentence: str
    answer: str


@dataclass(frozen=True, slots=True)
class Table:
    """One heading of the page."""

    title: str
    about: str
    rows: tuple[Row, ...]


def page() -> str:
    """The whole text of docs/policy.md."""
    return "\n\n".join([_HEAD, *map(_section, tables()), _settings()]) + "\n"


def tables() -> tuple[Table, ...]:
    """Every table in the order in which a message meets the rules."""
    return (
        Table("Before the message is read", _BEFORE, _listed("packet.encoding", "source.banned", "packet.sanity")),
        Table("The packet itself", _PACKET, _gates(decide.PACKET_GATES)),
        Table("Outside a dialog: keep-alive OPTIONS to the system itself", _GREETING, _gates(decide.GREETING_GATES)),
        Table("Outside a dialog: everything else", _OUTSIDE, (*_listed("packet.max_forwards"), *_gates(decide.GATES))),
        Table("Additional rules for REGISTER", "", _gates(decide.REGISTRATION_GATES)),
        Table("A request for a WebSocket", _UPGRADE, _gates(decide.UPGRADE_GATES)),
        Table(
            "Where it goes",
            _ROUTE,
            _listed(*_ids_of(routing), "route.offline", "route.busy", "media.offer", "route.redirect"),
        ),
        Table("Audio and video", _MEDIA, _listed(*MEDIA)),
        Table("Forwards, transfers, lamps, texts and feature codes", _FEATURES, _listed(*FEATURES)),
        Table(
            "A call to the outside",
            _CALL_OUTSIDE,
            (
                *_listed("outbound.emergency"),
                *_gates(outside.OUTSIDE_GATES),
                *_listed("outbound.hours", "outbound.rule", "route.no_rule"),
            ),
        ),
        Table("Inside a dialog", _DIALOG, _listed(*_ids_of(dialog), "dialog.challenge")),
        Table("Anti-hacking", _ANTIHACKING, _listed(*_antihacking_ids())),
    )


def ids_in_code() -> frozenset[str]:
    """Every rule id that policy, signaling or the guard can put into the journal, a call record or a ban."""
    files = [*SOURCE.glob("policy/**/*.py"), *SOURCE.glob("signaling/**/*.py"), SOURCE / "guard" / "verbs.py"]
    event_kinds = SOURCE / "policy" / "events.py"
    return frozenset(rule for path in files if path != event_kinds for rule in _ids(path)) | set(_antihacking_ids())


def _gates(gates: Iterable[Gate]) -> tuple[Row, ...]:
    return tuple(_gate(gate) for gate in gates)


def _gate(gate: Gate) -> Row:
    tree = ast.parse(inspect.getsource(gate))
    rule, answer = next(_verdicts(tree))
    return Row(rule, " ".join((gate.__doc__ or "").split()), answer)


def _listed(*rules: str) -> tuple[Row, ...]:
    answers = _answers()
    return tuple(Row(rule, SENTENCES[rule], ANSWERS.get(rule) or answers.get(rule, DROPPED)) for rule in rules)


def _answers() -> dict[str, str]:
    files = [*SOURCE.glob("policy/**/*.py"), *SOURCE.glob("signaling/**/*.py")]
    return {rule: answer for path in files for rule, answer in _verdicts(ast.parse(path.read_text()))}


def _verdicts(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Each call that names a rule, with the code and the words it gives to the sender."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = [argument.value if isinstance(argument, ast.Constant) else None for argument in node.args]
        rules = [value for value in given if isinstance(value, str) and RULE_ID.fullmatch(value)]
        if rules:
            yield rules[0], _answer(node, given)


def _answer(call: ast.Call, given: list[Any]) -> str:
    code = next((value for value in given if isinstance(value, int)), None)
    if code is not None:
        return f"{code} {given[given.index(code) + 1]}"
    return CHALLENGED if isinstance(call.func, ast.Name) and call.func.id == "Challenge" else DROPPED


def _ids_of(module: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_ids(Path(module.__file__))))


def _ids(path: Path) -> Iterator[str]:
    constants = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    for node in sorted(constants, key=lambda found: (found.lineno, found.col_offset)):
        if isinstance(node.value, str) and RULE_ID.fullmatch(node.value):
            yield node.value


def _antihacking_ids() -> tuple[str, ...]:
    return (
        antihacking.FAILED_AUTHENTICATION,
        challenges.FAILED_CHALLENGE,
        *antihacking.Sparing,
        "weblogin.failures",
        "ban.manual",
    )


def _section(table: Table) -> str:
    lines = [f"## {table.title}", ""]
    if table.about:
        lines += [table.about, ""]
    lines += ["| rule | what it says | answer |", "| --- | --- | --- |"]
    lines += [f"| `{row.rule}` | {row.sentence} | {row.answer} |" for row in table.rows]
    return "\n".join(lines)


def _settings() -> str:
    lines = ["## Settings", "", _SETTINGS, "", "| setting | default | what it does |", "| --- | --- | --- |"]
    for item in fields(SecuritySettings):
        limits = limits_of(item.name)
        default = ("on" if item.default else "off") if isinstance(item.default, bool) else item.default
        unit = f" {limits.unit}" if limits.unit else ""
        lines.append(f"| `{item.name}` | {default}{unit} | {limits.effect} |")
    return "\n".join(lines)


_HEAD: Final = """\
# Policy

<!-- Generated by `make docs` from the rules themselves; edit the docstring of the rule, not this page. -->

Every rule of the product. A rule can refuse, drop or challenge; only "Where it goes" can say yes; what no rule names is
refused. The first rule that objects decides. Its id stands in the journal, in the call record or in the ban, never in a
SIP reply. `identity.tenant` is the function `tenant` in `src/ringfence/policy/rules/identity.py`, and so on."""

_BEFORE: Final = "Asked for every message, requests inside a dialog included."
_PACKET: Final = "SIP hygiene (RFC 3261, RFC 4475), for every request."
_GREETING: Final = (
    "An OPTIONS without a user part asks whether the system lives, and so does that of a provider to the contact that "
    "we registered there. It passes these and gets 200."
)
_OUTSIDE: Final = "REGISTER, INVITE, OPTIONS to an account, and every method nobody asked for."
_ROUTE: Final = (
    "`policy/routing.py` decides; `route.offline`, `media.offer` and `route.redirect` follow from carrying it out."
)
MEDIA: Final = (
    "media.nothing",
    "media.required",
    "media.off",
    "media.suite",
    "media.fingerprint",
    "media.address",
    "media.answer",
    "media.body",
)
_MEDIA: Final = (
    "`policy/relay/media.py` decides for each side of a call by its terms: those of its extension, its tenant or its "
    "trunk. Browsers always have DTLS-SRTP."
)
_FEATURES: Final = """\
A forward, a 302, a transfer and a call started by a program are judged by the rules of "Where it goes", as a call of
whoever caused it. These come on top."""
_UPGRADE: Final = "A browser's HTTP request on a port for secure WebSockets."
_CALL_OUTSIDE: Final = """\
For a number that is no extension of the tenant, however the call came about, judged for whoever pays for it. Everything
is asked of the canonical number. An emergency number needs a proved caller (`identity.domain`,
`identity.authenticated`, `identity.digest_uri`) and nothing else."""
_DIALOG: Final = "A request with a To tag, and a CANCEL, is judged by who really sends it; Route headers open nothing."
_ANTIHACKING: Final = """\
The guard counts failed authentications and unanswered challenges of each source over a sliding window. Only failures
that answer a fresh nonce of ours count, and only the silence of a source that proved itself, so a forged source address
cannot get its owner banned. An IPv6 source is its /64; a NAT64 or mapped one is the IPv4 address it carries. An address
with an allow entry is not counted."""
_SETTINGS: Final = "The portal's pages Anti Hacking and Web Login and `settings/security` of the REST API hold these."


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
