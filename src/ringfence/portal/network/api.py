"""REST: the voice network."""

from typing import Any

from ninja import Field, Router, Schema

from ringfence.hosts.voice_network import HIGHEST_CAPTURE_ID, HIGHEST_DSCP, MOST_PACKETS
from ringfence.portal.access import needs
from ringfence.portal.actor import ApiRequest
from ringfence.portal.network import changes
from ringfence.portal.permissions import Permission
from ringfence.portal.schema import In

router = Router()


class LinkOut(Schema):
    name: str
    addresses: list[str]


class VoiceNetworkOut(Schema):
    signalling_dscp: int
    media_dscp: int
    signalling_on: str
    media_on: str
    voice_link: str
    voice_link_packets: int
    capture_address: str
    capture_port: int
    capture_id: int
    signalling_addresses: list[str]
    media_addresses: list[str]
    links: list[LinkOut]


class VoiceNetworkIn(In):
    """What is left out stays. `signalling_on` and `media_on` name a link, a VLAN for example, or an own address."""

    signalling_dscp: int | None = Field(None, ge=0, le=HIGHEST_DSCP)
    media_dscp: int | None = Field(None, ge=0, le=HIGHEST_DSCP)
    signalling_on: str | None = Field(None, max_length=64, description="Taken at the next start of the system.")
    media_on: str | None = Field(None, max_length=64, description="Empty: where signalling is.")
    voice_link: str | None = Field(None, max_length=15)
    voice_link_packets: int | None = Field(None, ge=0, le=MOST_PACKETS, description="For each address; 0: no limit.")
    capture_address: str | None = Field(None, max_length=64, description="A private address; empty: no copy of SIP.")
    capture_port: int | None = Field(None, ge=1, le=65535)
    capture_id: int | None = Field(None, ge=1, le=HIGHEST_CAPTURE_ID)
    interrupt_calls: bool = Field(False, description="Media may start anew although calls are up.")


@router.get("settings/voice-network", response=VoiceNetworkOut)
@needs(Permission.SYSTEM_READ)
def show_voice_network(request: ApiRequest) -> dict[str, Any]:
    """How packets of calls are marked, over which link they go, and where SIP is copied to."""
    return _out(changes.current(request.auth))


@router.patch("settings/voice-network", response=VoiceNetworkOut)
@needs(Permission.WEB_WRITE)
def change_voice_network(request: ApiRequest, payload: VoiceNetworkIn) -> dict[str, Any]:
    """In force within seconds; calls go on, unless media has to start anew."""
    values = payload.model_dump(exclude_none=True)
    interrupt_calls = values.pop("interrupt_calls")
    return _out(changes.put_in_force(request.auth, values, interrupt_calls))


def _out(state: dict[str, Any]) -> dict[str, Any]:
    named = ("signalling_addresses", "media_addresses", "links")
    return {**state["settings"], **{name: state[name] for name in named}}
