"""Puts the voice network in force: the core's file with a restart of the core, whose calls go on, and the media relay's
file, for which the relay is started again. The old values stay if anything is wrong.

The address of signalling is the exception: it is taken at the next start of the system, as the public address is,
because every part was told it.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any, Final

from ringfence.engines.changing.questions import Answer, Args, Refusal
from ringfence.engines.files import core_file, media_file
from ringfence.engines.install import EngineRefused, install
from ringfence.engines.supervision.corestart import restart_core
from ringfence.engines.system import System
from ringfence.hosts.addresses import NetworkUnreadable, Surroundings, surroundings
from ringfence.hosts.paths import Paths
from ringfence.hosts.sip_links import bound, links_of
from ringfence.hosts.transports import Protocol, read_transports, usual
from ringfence.hosts.voice_network import (
    VoiceNetwork,
    VoiceNetworkRefused,
    checked,
    from_plain,
    read_voice_network,
    write_voice_network,
)

OF_THE_RELAY: Final = ("media_dscp", "media_on")
"""What the media relay reads at its start alone."""

log = logging.getLogger("network")


class NetworkDesk:
    """Answers for the voice network."""

    def __init__(self, system: System) -> None:
        self._system = system

    def verbs(self) -> Mapping[str, Callable[[Args], Answer]]:
        return {"network.show": self.show, "network.change": self.change}

    def show(self, _: Args) -> Answer:
        """What is in force, and the links of this machine that can be named."""
        voice, around = read_voice_network(self._system.paths.voice_network), around_now()
        now = replace(self._system, voice=voice, network=replace(around, primary=self._system.network.primary))
        return {
            "settings": asdict(voice),
            "links": [{"name": one.name, "addresses": [str(a) for a in one.addresses]} for one in around.bindable],
            "signalling_addresses": [str(address) for address in now.reached_addresses],
            "media_addresses": [str(address) for address in now.media_addresses],
        }

    def change(self, args: Args) -> Answer:
        """Puts the named values in force."""
        before = read_voice_network(self._system.paths.voice_network)
        around = around_now()
        wanted = _wanted(args.get("settings"), before, around)
        self._refuse_mute_capture(wanted)
        if wanted.signalling_on not in ("", before.signalling_on):
            self._refuse_link_of_transports(wanted.signalling_on, around)
        if wanted != before:
            self._put_in_force(before, wanted, around)
        return self.show({})

    def _refuse_mute_capture(self, wanted: VoiceNetwork) -> None:
        spoken = {one.protocol for one in usual(read_transports(self._system.paths.transports))}
        if wanted.capture_address and Protocol.UDP not in spoken:
            message = "A copy is sent over UDP, so the core needs a UDP transport; add one first."
            raise Refusal("voice_network.capture_udp", "capture_address", message)

    def _refuse_link_of_transports(self, place: str, around: Surroundings) -> None:
        """Its transports would be heard no more by their own name."""
        links = links_of(read_transports(self._system.paths.transports))
        own = next((link for link in links if set(bound(link, around)).intersection(around.placed(place))), "")
        if own:
            message = f"The link {own} has transports of its own; delete them under Transports first."
            raise Refusal("voice_network.link_of_transports", "signalling_on", message)

    def _put_in_force(self, before: VoiceNetwork, wanted: VoiceNetwork, around: Surroundings) -> None:
        paths = self._system.paths
        transports = read_transports(paths.transports)
        network = replace(around, primary=self._system.network.primary)
        system = replace(self._system, transports=transports, voice=wanted, network=network)
        write_voice_network(paths.voice_network, wanted)
        try:
            install([core_file(system, account="")], lambda: restart_core(paths, transports))
            install([media_file(system, account="")], lambda: wish_for_relay(paths))
        except EngineRefused as refused:
            write_voice_network(paths.voice_network, before)
            log.error("%s", refused)
            message = f"An engine did not take it; nothing was changed. {refused}"
            raise Refusal("voice_network.refused", "", message) from refused
        log.info("in force: %s", wanted)


def wish_for_relay(paths: Paths) -> str:
    """Has the supervisor start the media relay anew, with its file as it is now."""
    paths.relay_wish.touch(mode=0o644)
    return ""


def around_now() -> Surroundings:
    """This machine's links as they are. Raises Refusal."""
    try:
        return surroundings()
    except NetworkUnreadable as error:
        raise Refusal("voice_network.unreadable", "", str(error)) from error


def _wanted(values: Any, before: VoiceNetwork, around: Surroundings) -> VoiceNetwork:
    try:
        return checked(from_plain(values, before), around)
    except VoiceNetworkRefused as refused:
        raise Refusal(refused.rule, refused.field, str(refused)) from refused
