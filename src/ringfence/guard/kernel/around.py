"""What the host's network looks like, with what was told of it: its public address, and where the SBC's link leads."""

from dataclasses import replace
from ipaddress import ip_address

from ringfence.hosts.addresses import Surroundings, surroundings
from ringfence.hosts.paths import Paths
from ringfence.hosts.public import public_file, read_public
from ringfence.hosts.sbc import read_sbc


def around(paths: Paths) -> Surroundings:
    """Raises NetworkUnreadable."""
    found = surroundings()
    public, other = read_public(public_file(paths.state)).parsed, read_sbc(paths.sbc_switch).other_host
    return replace(
        found,
        own=found.own if public is None else (*found.own, public),
        peers=(ip_address(other),) if other else (),
    )
