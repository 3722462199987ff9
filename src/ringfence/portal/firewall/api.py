"""REST: the firewall plan."""

from dataclasses import asdict
from typing import Any

from django.http import HttpResponse
from ninja import Field, Router, Schema

from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.firewall import changes, plan
from ringfence.portal.firewall.models import Area
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import NotFound
from ringfence.portal.schema import In

router = Router()


class OpeningOut(Schema):
    key: str
    transport: str
    ports: str
    first: int
    last: int
    reason: str
    sources: list[str]
    destinations: list[str] = Field(description="The own addresses it is open at; empty: all of them.")


class LimitOut(Schema):
    link: str
    packets: int = Field(description="A second, for each address on the link; held by the guard.")


class NetworksOut(Schema):
    phones: list[str]
    portal: list[str]
    ssh: list[str]


class PlanOut(Schema):
    openings: list[OpeningOut]
    limits: list[LimitOut]
    networks: NetworksOut
    formats: list[str]


class NetworksIn(In):
    """Addresses or ranges; an empty list means everybody."""

    phones: list[str] | None = None
    portal: list[str] | None = None
    ssh: list[str] | None = None


@router.get("firewall-plan", response=PlanOut)
@needs(Permission.SYSTEM_READ)
def show_plan(request: ApiRequest) -> dict[str, Any]:
    """Every opening this system needs, with its reason; an empty list of sources means everybody."""
    return _shown()


@router.patch("firewall-plan", response=PlanOut)
@needs(Permission.WEB_WRITE)
def change_networks(request: ApiRequest, payload: NetworksIn) -> dict[str, Any]:
    """Says who may come to what. The plan follows; `ringfence firewall apply` puts it in force on the host."""
    for area, wanted in payload.model_dump(exclude_none=True).items():
        changes.admit(request.auth, Area(area), wanted)
    return _shown()


@router.get("firewall-plan/{form}", response={200: str})
@needs(Permission.SYSTEM_READ)
def show_rendering(request: ApiRequest, form: str) -> HttpResponse:
    """The plan in the words of one firewall or cloud."""
    rendering = plan.RENDERINGS.get(form)
    if rendering is None:
        raise NotFound(detail=f"The plan has no form {form!r}; it has {', '.join(plan.RENDERINGS)}.")
    return HttpResponse(rendering.text(plan.current_plan()), content_type="text/plain; charset=utf-8")


def _shown() -> dict[str, Any]:
    networks, current = plan.reach(), plan.current_plan()
    return {
        "openings": plan.facts(current),
        "limits": [asdict(limit) for limit in current.limits],
        "networks": {"phones": networks.phones, "portal": networks.portal, "ssh": networks.ssh},
        "formats": list(plan.RENDERINGS),
    }
