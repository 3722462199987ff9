"""The plan as an Azure network security group: an ARM template, which `az bicep decompile` turns into Bicep.

Rules have priorities 100 to 4096, lower first; the group's own defaults drop what is left (DenyAllInBound, 65500).
"""

import json
from typing import Any, Final

from ringfence.hosts.firewall.plan import ANYWHERE, Opening, Plan

SCHEMA: Final = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
API: Final = "2024-05-01"
FIRST_PRIORITY, STEP, LAST_PRIORITY = 200, 10, 4096


def arm(plan: Plan) -> str:
    """An ARM template. Raises ValueError if the plan has more openings than Azure has priorities."""
    group = {
        "type": "Microsoft.Network/networkSecurityGroups",
        "apiVersion": API,
        "name": "[parameters('name')]",
        "location": "[parameters('location')]",
        "properties": {"securityRules": _rules(plan)},
    }
    name = "[resourceId('Microsoft.Network/networkSecurityGroups', parameters('name'))]"
    template = {
        "$schema": SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {
            "name": {"type": "string", "defaultValue": "ringfence"},
            "location": {"type": "string", "defaultValue": "[resourceGroup().location]"},
        },
        "resources": [group],
        "outputs": {"id": {"type": "string", "value": name}},
    }
    return json.dumps(template, indent=2) + "\n"


def bicep(plan: Plan) -> str:
    """The rules alone, for `securityRules: loadJsonContent('ringfence-azure-rules.json')` in a Bicep file of one's own.

    Raises ValueError as `arm` does.
    """
    return json.dumps(_rules(plan), indent=2) + "\n"


def _rules(plan: Plan) -> list[dict[str, Any]]:
    if FIRST_PRIORITY + STEP * len(plan.openings) > LAST_PRIORITY:
        raise ValueError(f"an Azure security group cannot hold {len(plan.openings)} openings")
    return [_rule(place, opening) for place, opening in enumerate(plan.openings)]


def _rule(place: int, opening: Opening) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "description": opening.reason[:140],
        "protocol": str(opening.transport).capitalize(),
        "sourcePortRange": "*",
        "destinationPortRange": opening.ports,
        "access": "Allow",
        "priority": FIRST_PRIORITY + STEP * place,
        "direction": "Inbound",
    }
    sources = [source for source in opening.sources if source not in ANYWHERE]
    if sources:
        properties["sourceAddressPrefixes"] = sources
    else:
        properties["sourceAddressPrefix"] = "*"
    if opening.destinations:
        properties["destinationAddressPrefixes"] = list(opening.destinations)
    else:
        properties["destinationAddressPrefix"] = "*"
    return {"name": f"ringfence-{opening.key}", "properties": properties}
