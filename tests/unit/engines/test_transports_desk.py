"""The desk that puts transports in force (reference "Change Default SIP Transport Ports")."""

from pathlib import Path

import pytest

from ringfence.engines.changing.questions import Refusal
from ringfence.engines.changing.transports import Transports
from ringfence.hosts.transports import (
    CHANGED_MEANWHILE,
    USUAL,
    Protocol,
    SipTransport,
    plain,
    read_transports,
    write_transports,
)
from tests.unit.engines.systems import a_system


def test_a_set_that_was_made_from_another_one_is_refused(tmp_path: Path) -> None:
    """Of two who add a transport at the same time the later one would have taken the other's away."""
    system = a_system(state=tmp_path, run=tmp_path / "run")
    theirs = (*USUAL, SipTransport(Protocol.UDP, 6000))
    system.paths.transports.parent.mkdir(parents=True, exist_ok=True)
    write_transports(system.paths.transports, theirs)
    held = read_transports(system.paths.transports)
    ours = [plain(one) for one in (*USUAL, SipTransport(Protocol.UDP, 6001))]
    with pytest.raises(Refusal) as refused:
        Transports(system).change({"transports": ours, "instead_of": [plain(one) for one in USUAL]})
    assert refused.value.rule == CHANGED_MEANWHILE
    assert read_transports(system.paths.transports) == held
