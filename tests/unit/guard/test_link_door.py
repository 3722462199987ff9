"""The kernel at the link between two hosts, and who passes it by (issue 6)."""

from ringfence.guard.kernel import linkdoor
from ringfence.guard.kernel.ruleset import whole_table
from ringfence.guard.kernel.shape import Ports, Shape
from ringfence.policy.settings import SecuritySettings


def test_only_the_other_host_comes_to_the_link() -> None:
    rules = whole_table(Shape(Ports((5060,), (), link_from="198.51.100.2"), (), SecuritySettings()), [])
    assert "ip saddr 198.51.100.2 return" in rules
    assert "tcp dport { 5068, 5069, 5072, 5073, 5074 } counter name dropped_link drop" in rules
    assert "ip6 saddr 2001:db8::2 return" in "\n".join(linkdoor.lines("2001:db8::2"))


def test_on_one_host_there_is_no_such_chain() -> None:
    assert "link_door" not in whole_table(Shape(Ports((5060,), ()), (), SecuritySettings()), [])
