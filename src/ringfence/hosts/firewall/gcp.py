"""The plan as Google Cloud VPC firewall rules: Terraform JSON and gcloud commands.

A rule's ranges are of one IP version; a rule for both versions is two. Instances carry the network tag `ringfence`.
"""

import json
import shlex
from typing import Any, Final

from ringfence.hosts.firewall.plan import Opening, Plan

TAG: Final = "ringfence"


type _Ranges = tuple[str, tuple[str, ...], tuple[str, ...]]


def _versions(opening: Opening) -> list[_Ranges]:
    """The name of each rule an opening needs, its ranges, and the own addresses it is for."""
    names = {4: f"ringfence-{opening.key}", 6: f"ringfence-{opening.key}-v6"}
    return [
        (names[version], opening.sources_of(version), opening.destinations_of(version))
        for version in opening.versions()
    ]


def terraform(plan: Plan) -> str:
    """Terraform's JSON syntax: one google_compute_firewall for each opening and IP version, the network a variable."""
    rules = {
        found[0].replace("-", "_"): _rule(opening, *found) for opening in plan.openings for found in _versions(opening)
    }
    document = {
        "terraform": {"required_providers": {"google": {"source": "hashicorp/google", "version": ">= 5.0"}}},
        "variable": {"network": {"type": "string", "description": "The VPC network of the phone system"}},
        "resource": {"google_compute_firewall": rules},
    }
    return json.dumps(document, indent=2) + "\n"


def _rule(opening: Opening, name: str, ranges: tuple[str, ...], places: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": name,
        "network": "${var.network}",
        "description": opening.reason,
        "direction": "INGRESS",
        "source_ranges": list(ranges),
        **({"destination_ranges": list(places)} if places else {}),
        "target_tags": [TAG],
        "allow": [{"protocol": str(opening.transport), "ports": [opening.ports]}],
    }


def gcloud(plan: Plan, network: str = "default") -> str:
    """The same as commands for people to read and run."""
    lines = ["#!/bin/sh -e"]
    for opening in plan.openings:
        for name, ranges, places in _versions(opening):
            words = ["gcloud", "compute", "firewall-rules", "create", name, f"--network={network}"]
            words += ["--direction=INGRESS", "--action=ALLOW", f"--rules={opening.transport}:{opening.ports}"]
            words += [f"--source-ranges={','.join(ranges)}", f"--target-tags={TAG}", f"--description={opening.reason}"]
            words += [f"--destination-ranges={','.join(places)}"] if places else []
            lines.append(shlex.join(words))
    return "\n".join(lines) + "\n"
