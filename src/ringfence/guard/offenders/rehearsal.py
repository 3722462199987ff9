"""Runs a dry run for the guard's socket: one at a time, with little priority, killed when it takes too long."""

import asyncio
import json
import sys
from collections.abc import Iterable
from typing import Any, Final

from ringfence.guard.control import Args, Refusal
from ringfence.guard.offenders.dryrun import GONE
from ringfence.guard.offenders.neverblock import Member
from ringfence.policy.addresses import (
    AddressProblem,
    Network,
    blocks_everybody,
    blocks_protected,
    is_too_wide_to_trust,
    overlaps,
    parse_network,
    trusts_strangers,
)
from ringfence.policy.book import Target
from ringfence.policy.settings import check_settings

PATIENCE: Final = 40.0
MOST_ENTRIES: Final = 1_000
AN_ENTRY: Final = 'An entry is {"cidr": "192.0.2.0/24", "target": "block"}; its target is allow, block or remove.'
_running = asyncio.Lock()


async def rehearse(args: Args, members: Iterable[Member]) -> dict[str, Any]:
    """The answer of `ringfence.guard.offenders.dryrun`. Raises Refusal."""
    never_block = tuple(members)
    entries = _entries(args)
    for entry in entries:
        _refuse_dangerous(parse_network(entry["cidr"]), entry["target"], never_block)
    question = {
        "settings": _settings(args),
        "entries": entries,
        "never_block": [(str(member.network), member.name) for member in never_block],
    }
    if _running.locked():
        raise Refusal("dry_run.busy", "", "Another dry run is going on; ask again in a moment.")
    async with _running:
        return await _run(json.dumps(question).encode())


async def _run(question: bytes) -> dict[str, Any]:
    command = ("nice", "-n", "15", sys.executable, "-m", "ringfence.guard.offenders.dryrun")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        told, complaint = await asyncio.wait_for(process.communicate(question), PATIENCE)
    except TimeoutError as error:
        process.kill()
        await process.wait()
        raise Refusal("dry_run.late", "", f"The dry run took longer than {PATIENCE:.0f} s.") from error
    if process.returncode != 0:
        raise Refusal("dry_run.failed", "", f"The dry run failed: {complaint.decode(errors='replace')[-300:]}")
    result: dict[str, Any] = json.loads(told)
    return result


def _settings(args: Args) -> dict[str, Any]:
    wanted = args.get("settings") or {}
    if not isinstance(wanted, dict):
        raise Refusal("request.settings", "settings", "settings is an object of names and values.")
    for problem in check_settings(wanted):
        raise Refusal(problem.rule, problem.field, problem.message)
    return wanted


def _entries(args: Args) -> list[dict[str, str]]:
    wanted = args.get("entries") or []
    if not isinstance(wanted, list) or len(wanted) > MOST_ENTRIES:
        raise Refusal("request.entries", "entries", f"entries is a list of at most {MOST_ENTRIES} entries.")
    return [_entry(item) for item in wanted]


def _entry(item: Any) -> dict[str, str]:
    if not isinstance(item, dict) or item.get("target") not in (*Target, GONE):
        raise Refusal("request.entries", "entries", AN_ENTRY)
    try:
        return {"cidr": str(parse_network(str(item.get("cidr", "")))), "target": str(item["target"])}
    except AddressProblem as problem:
        raise Refusal(problem.rule, "cidr", problem.message) from problem


def _refuse_dangerous(network: Network, target: str, never_block: tuple[Member, ...]) -> None:
    """What the page of entries would not take is not tried out either: its answer would promise what never happens."""
    if target == Target.ALLOW and is_too_wide_to_trust(network):
        raise Refusal("ip_filter.trusts_strangers", "cidr", trusts_strangers(network))
    if target != Target.BLOCK:
        return
    if network.prefixlen == 0:
        raise Refusal("ip_filter.everything", "cidr", blocks_everybody(network))
    member = next((one for one in never_block if overlaps(one.network, network)), None)
    if member is not None:
        message = blocks_protected(network, str(member.network), member.name)
        raise Refusal("ip_filter.never_block", "cidr", message)
