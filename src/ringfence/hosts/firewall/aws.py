"""The plan as an Amazon EC2 security group, for CloudFormation and for Terraform (both JSON).

A security group only allows; what it does not name is dropped before it reaches the machine. It describes each rule in
at most 255 characters of a small alphabet, and holds 60 inbound rules of each IP version unless the account's quota
says more.
"""

import json
import re
from typing import Any, Final

from ringfence.hosts.firewall.plan import Opening, Plan

QUOTA: Final = 60
"""Inbound rules of one IP version in a security group, as an account has it by itself."""

TITLE: Final = "Ringfence: generated from the firewall plan"
_DESCRIPTION: Final = re.compile(r"[^A-Za-z0-9 ._\-:/()#,@\[\]+=&;{}!$*]")


def described(text: str) -> str:
    """What EC2 takes as a description.

    >>> described("calls — 'in'")
    'calls  in'
    """
    return _DESCRIPTION.sub("", text)[:255]


def quota_needed(plan: Plan) -> int:
    """The quota this plan needs if it is more than what an account has by itself, else 0. Each opening and network is a
    rule, and each IP version is counted for itself.
    """
    needed = max(sum(len(opening.sources_of(version)) for opening in plan.openings) for version in (4, 6))
    return needed if needed > QUOTA else 0


def _title(plan: Plan) -> str:
    needed = quota_needed(plan)
    first = f". Before it fits, raise the quota of inbound rules per security group from {QUOTA} to {needed}"
    return TITLE + first if needed else TITLE


def cloudformation(plan: Plan) -> str:
    """A template with one AWS::EC2::SecurityGroup; the VPC is a parameter."""
    group = {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {
            "GroupDescription": "Ringfence phone system",
            "VpcId": {"Ref": "Vpc"},
            "SecurityGroupIngress": [rule for opening in plan.openings for rule in _ingress(opening)],
            "SecurityGroupEgress": [
                {"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"},
                {"IpProtocol": "-1", "CidrIpv6": "::/0"},
            ],
            "Tags": [{"Key": "Name", "Value": "ringfence"}],
        },
    }
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": _title(plan),
        "Parameters": {"Vpc": {"Type": "AWS::EC2::VPC::Id", "Description": "The VPC of the phone system"}},
        "Resources": {"RingfenceSecurityGroup": group},
        "Outputs": {"SecurityGroupId": {"Value": {"Fn::GetAtt": ["RingfenceSecurityGroup", "GroupId"]}}},
    }
    return json.dumps(template, indent=2) + "\n"


def _ingress(opening: Opening) -> list[dict[str, Any]]:
    rule = {"IpProtocol": str(opening.transport), "FromPort": opening.first, "ToPort": opening.last}
    text = described(f"{opening.key}: {opening.reason}")
    return [
        {**rule, word: source, "Description": text}
        for version, word in ((4, "CidrIp"), (6, "CidrIpv6"))
        for source in opening.sources_of(version)
    ]


def terraform(plan: Plan) -> str:
    """Terraform's JSON syntax: one aws_security_group with inline rules, the VPC a variable."""
    group = {
        "name": "ringfence",
        "description": "Ringfence phone system",
        "vpc_id": "${var.vpc_id}",
        "ingress": [_inline(opening) for opening in plan.openings],
        "egress": [_all_out()],
        "tags": {"Name": "ringfence"},
    }
    document = {
        "//": _title(plan),
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": ">= 5.0"}}},
        "variable": {"vpc_id": {"type": "string", "description": "The VPC of the phone system"}},
        "resource": {"aws_security_group": {"ringfence": group}},
        "output": {"security_group_id": {"value": "${aws_security_group.ringfence.id}"}},
    }
    return json.dumps(document, indent=2) + "\n"


def _inline(opening: Opening) -> dict[str, Any]:
    return {
        "description": described(f"{opening.key}: {opening.reason}"),
        "protocol": str(opening.transport),
        "from_port": opening.first,
        "to_port": opening.last,
        "cidr_blocks": list(opening.sources_of(4)),
        "ipv6_cidr_blocks": list(opening.sources_of(6)),
        **_unused(),
    }


def _all_out() -> dict[str, Any]:
    everywhere = {"cidr_blocks": ["0.0.0.0/0"], "ipv6_cidr_blocks": ["::/0"]}
    return {"description": "everything out", "protocol": "-1", "from_port": 0, "to_port": 0, **everywhere, **_unused()}


def _unused() -> dict[str, Any]:
    """In JSON syntax an attribute written as a block must name every field."""
    return {"prefix_list_ids": [], "security_groups": [], "self": False}
