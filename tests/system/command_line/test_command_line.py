"""`ringfence ban`, `allow` and `dry-run` do the same as the pages, also while portal and web server stand still."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ringfence.lab.network import PBX_ADDRESS
from ringfence.lab.product import within

pytestmark = [pytest.mark.system, pytest.mark.usefixtures("oracle")]

NOWHERE = "10.77.8.8"


@pytest.fixture
def portal_down(pbx: Any) -> Iterator[None]:
    """The portal and its web server do not answer; killed ones would be back in a second."""
    stopped = [pbx.product.process_ids()[name] for name in ("portal", "web", "ingest")]
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    yield
    for pid in stopped:
        with suppress(ProcessLookupError):  # what stood for too long was ended and is back
            os.kill(pid, signal.SIGCONT)


@pytest.mark.usefixtures("portal_down")
def test_bans_and_allow_entries_work_without_the_portal(pbx: Any) -> None:
    product = pbx.product
    assert product.asked("ban", "add", NOWHERE, "--seconds", "600", "--reason", "test")["address"] == NOWHERE
    assert product.in_kernel_set(NOWHERE)
    assert NOWHERE in [ban["address"] for ban in product.asked("ban", "list")]
    assert product.asked("ban", "explain", NOWHERE)["ban"]["reason"] == "test"
    assert product.asked("allow", "add", NOWHERE, "--description", "Office")["cidr"] == f"{NOWHERE}/32"
    within(3, lambda: not product.in_kernel_set(NOWHERE), "the allow entry lifts the ban")
    assert "@allow4_32_" in product.nft("list", "chain", "inet", "ringfence_lists", "entries")
    assert f"{NOWHERE}/32" in [entry["cidr"] for entry in product.asked("allow", "list")]
    refused = product.command("ban", "add", NOWHERE)
    assert (refused.returncode, "allow entry" in refused.stderr) == (1, True)
    assert product.command("allow", "remove", NOWHERE).returncode == 0
    assert product.command("ban", "add", NOWHERE).returncode == 0
    assert product.command("ban", "remove", NOWHERE).returncode == 0
    assert not product.in_kernel_set(NOWHERE)


@pytest.mark.usefixtures("portal_down")
def test_ranges_are_blocked_without_the_portal(pbx: Any) -> None:
    """Reference: "Block an IP Range (Example)", 41.202.0.0 with 255.255.0.0; the page's refusals are made here, too."""
    product = pbx.product
    made = product.asked("ban", "block", "41.202.7.9/255.255.0.0", "--description", "Anti DoS")
    assert (made["cidr"], made["expires_at"], made["description"]) == ("41.202.0.0/16", None, "Anti DoS")
    within(3, lambda: "0x29ca0000" in product.nft("list", "table", "inet", "ringfence_lists"), "it is in the kernel")
    assert product.asked("ban", "block", "2001:db8:7::/48", "--seconds", "60")["expires_at"]
    assert "41.202.0.0/16" in [entry["cidr"] for entry in product.asked("ban", "blocked")]
    for words, told in (
        (("block", f"{PBX_ADDRESS}/24"), "never be blocked"),
        (("block", "0.0.0.0/0"), "whole network"),
        (("block", "41.202.0.0/16"), "already an entry"),
        (("block", "41.202.0.0/255.0.255.0"), "has gaps"),
        (("unblock", "41.203.0.0/16"), "no entry to block"),
    ):
        refused = product.command("ban", *words)
        assert (refused.returncode, told in refused.stderr) == (1, True), refused.stderr
    for cidr in ("41.202.0.0/16", "2001:db8:7::/48"):
        assert product.command("ban", "unblock", cidr).returncode == 0
    within(3, lambda: "0x29ca0000" not in product.nft("list", "table", "inet", "ringfence_lists"), "it is gone")


@pytest.mark.usefixtures("portal_down")
def test_lists_go_in_and_out_without_the_portal(pbx: Any, tmp_path: Path) -> None:
    """The kernel drops what the file names within seconds; what comes out can go in again."""
    product, feed = pbx.product, tmp_path / "feed.txt"
    feed.write_text("10.88.1.0/24 ; a feed\n10.88.2.7\n")
    tried = product.asked("ban", "import", str(feed), "--form", "plain", "--dry-run")
    assert (tried["rows"], tried["added"]) == (2, 2)
    assert "10.88.1.0" not in product.command("ban", "export").stdout
    assert product.asked("ban", "import", str(feed))["added"] == 2, "its name says how it is written"
    exported = product.command("ban", "export", "--form", "csv")
    assert "10.88.1.0/24,block," in exported.stdout
    within(3, lambda: "0xa580100" in product.nft("list", "table", "inet", "ringfence_lists"), "it is in the kernel")
    feed.write_text("127.0.0.1\n")
    refused = product.command("ban", "import", str(feed), "--form", "plain")
    assert (refused.returncode, "loopback" in refused.stderr) == (1, True)
    feed.write_text("10.88.3.0/24\n")
    assert product.asked("allow", "import", str(feed), "--form", "plain")["added"] == 1
    assert "10.88.3.0/24" in product.command("allow", "export", "--form", "plain").stdout
    assert product.command("allow", "remove", "10.88.3.0/24").returncode == 0


@pytest.mark.usefixtures("portal_down")
def test_a_dry_run_works_without_the_portal(pbx: Any) -> None:
    found = pbx.product.asked("dry-run", "--set", "failed_authentication_limit=5", "--block", "10.77.0.20")
    assert found["events"] > 0
    assert [(one["address"], one["fate"]) for one in found["stopped"]][:1] == [("10.77.0.20", "blocked")]
    assert found["stopped"][0]["phones"] == ["199@acme.example"], "the witness"


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("ban", "add", "300.1.1.1"), 1, "0 to 255"),
        (("ban", "add", "10.77.0.1"), 1, "an address of this machine"),
        (("ban", "add", "127.0.0.1"), 1, "loopback"),
        (("ban", "add", "192.0.2.0/24"), 1, "block prefixes on the IP blacklist"),
        (("ban", "remove", "192.0.2.99"), 1, "is not banned"),
        (("ban", "add"), 2, "ADDRESS"),
        (("ban", "add", "192.0.2.1", "--seconds", "x"), 2, "valid integer"),
        (("allow", "add", "41.202.0.0/255.0.255.0"), 1, "gaps"),
        (("allow", "remove", "192.0.2.98"), 1, "no entry"),
        (("dry-run", "--set", "nothing=1"), 1, "no setting"),
    ],
)
def test_a_refusal_teaches_and_has_its_exit_code(pbx: Any, words: tuple[str, ...], code: int, told: str) -> None:
    done = pbx.product.command(*words)
    assert (done.returncode, told in done.stderr) == (code, True), done.stderr


def test_the_firewall_plan_is_applied_and_taken_back_unless_confirmed(pbx: Any, stranger: Any) -> None:
    """Reference "Ports Security"; without firewalld and ufw our own table closes the host."""
    product, eve = pbx.product, stranger()
    with product.host.tcp(2049) as off_plan:
        off_plan.listen()
        assert connects(eve, 2049)
        assert "web-8887" in {opening["key"] for opening in product.asked("firewall", "show")}
        assert "table inet ringfence_host" in product.command("firewall", "show", "--format", "nftables").stdout
        assert product.command("firewall", "check").returncode == 1
        try:
            applied = product.command("firewall", "apply", "--minutes", "1")
            assert (applied.returncode, "firewall confirm" in applied.stdout) == (0, True), applied.stderr
            assert not connects(eve, 2049)
            assert connects(eve, 8887)
            assert product.command("firewall", "apply").returncode == 1, "one waits already"
            assert "firewall apply" not in product.command("firewall", "check").stdout
            within(90, lambda: connects(eve, 2049), "nobody confirmed")
            assert product.asked("firewall", "diff")["closes"] == []
        finally:
            product.nft("destroy", "table", "inet", "ringfence_host")


def connects(host: Any, port: int) -> bool:
    with host.tcp() as link:
        link.settimeout(1.0)
        try:
            link.connect((PBX_ADDRESS, port))
        except OSError:
            return False
    return True
