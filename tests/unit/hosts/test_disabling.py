"""Reference "Ambiguities and Safety Fixes", 1: the host firewall goes only where the cloud's rules are proved."""

from dataclasses import replace
from pathlib import Path

import pytest

from ringfence.hosts.cloud import Cloud
from ringfence.hosts.firewall.active import FrontEnd
from ringfence.hosts.firewall.disabling import Canary, Notes, Outside, Proof, commands, objections, outside_of
from ringfence.hosts.firewall.plan import Opening, Plan
from ringfence.hosts.ports import Transport

NOW = 1_800_000_000.0
PORTAL = Opening("web-8887", Transport.TCP, 8887, 8887, "the portal")
CLOUD = Cloud("aws", "10.0.0.5", "203.0.113.9", None)
CANARY = Canary(20_500, NOW - 900, NOW - 100)
OUTSIDE = Outside("203.0.113.9", "198.51.100.7", NOW - 500, 65_535, (8887,), ())
PROOF = Proof(CLOUD, ("10.0.0.5", "127.0.0.1"), Plan((PORTAL,)), CANARY, OUTSIDE, NOW)


def test_a_whole_proof_leaves_no_objection() -> None:
    assert list(objections(PROOF)) == []
    assert list(objections(replace(PROOF, canary=replace(CANARY, ended=0.0)))) == []


@pytest.mark.parametrize(
    ("proof", "why"),
    [
        (replace(PROOF, cloud=None), "never switched off"),
        (replace(PROOF, outside=None), "no result of a probe"),
        (replace(PROOF, outside=replace(OUTSIDE, host="203.0.113.99")), "not at this machine"),
        (replace(PROOF, cloud=replace(CLOUD, public="")), "not at this machine"),
        (replace(PROOF, outside=replace(OUTSIDE, source="10.0.0.5")), "not run from outside"),
        (replace(PROOF, outside=replace(OUTSIDE, source="")), "not run from outside"),
        (replace(PROOF, now=NOW + 7200), "older than an hour"),
        (replace(PROOF, outside=replace(OUTSIDE, at=NOW + 60)), "older than an hour"),
        (replace(PROOF, canary=None), "No canary"),
        (replace(PROOF, canary=replace(CANARY, begun=NOW - 50, ended=NOW)), "was not open while"),
        (replace(PROOF, outside=replace(OUTSIDE, scanned=100)), "every one"),
        (replace(PROOF, outside=replace(OUTSIDE, tcp=(8887, 20_500))), "was reached"),
        (replace(PROOF, canary=replace(CANARY, reached_from="198.51.100.7")), "was reached by"),
        (replace(PROOF, outside=replace(OUTSIDE, tcp=(22, 8887))), "22/tcp is open"),
        (replace(PROOF, outside=replace(OUTSIDE, udp=(5060,))), "5060/udp is open"),
    ],
)
def test_each_gap_in_the_proof_keeps_the_firewall(proof: Proof, why: str) -> None:
    found = list(objections(proof))
    assert any(why in sentence for sentence in found), found


def test_the_commands_are_the_references_and_touch_nothing_of_others() -> None:
    assert commands(FrontEnd.FIREWALLD, "x") == (
        ("systemctl", "disable", "firewalld"),
        ("systemctl", "stop", "firewalld"),
    )
    assert commands(FrontEnd.NFTABLES, "ringfence_host") == (("nft", "delete", "table", "inet", "ringfence_host"),)
    assert commands(FrontEnd.UFW, "x") == (("ufw", "--force", "disable"),)


def test_notes_survive_their_files(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "firewall")
    assert notes.canary() is None
    notes.keep_canary(CANARY)
    assert notes.canary() == CANARY
    notes.keep_disabled({"reason": "tested"})
    assert notes.disabled_file.exists()
    notes.forget_disabled()
    assert not notes.disabled_file.exists()
    document = {"address": "203.0.113.9", "source": "198.51.100.7", "at": NOW - 500, "scanned": 65_535}
    assert outside_of({**document, "tcp": [8887], "udp": [], "more": 1}) == OUTSIDE
    with pytest.raises(KeyError):
        outside_of({})
