"""Puts the table into the kernel: libnftables in this process (an add takes some ten microseconds), or a dry run."""

from collections.abc import Iterable
from enum import Enum
from typing import Any, Protocol

from ringfence.guard import ruleset
from ringfence.guard.ruleset import KernelBan, Lists, Shape
from ringfence.policy.addresses import Network


class Outcome(Enum):
    """What became of a ban."""

    DONE = "done"
    FULL = "full"
    FAILED = "failed"


class FirewallRefused(Exception):
    """The kernel refused a change; the text is what nftables said."""


class Firewall(Protocol):
    """The kernel's side of a ban. Nothing here decides anything."""

    @property
    def in_kernel(self) -> bool:
        """Whether packets really die in the kernel; if not, signaling must refuse them."""

    def install(self, shape: Shape, bans: Iterable[KernelBan]) -> None:
        """The whole table, in one transaction. Raises FirewallRefused."""

    def replace_lists(self, lists: Lists) -> None:
        """Raises FirewallRefused."""

    def replace_meters(self, shape: Shape) -> None:
        """Raises FirewallRefused."""

    def ban(self, ban: KernelBan) -> Outcome:
        """Adds or renews one ban."""

    def lift(self, network: Network) -> bool:
        """Whether the source is free again."""


class Nft:
    """The real kernel. Needs CAP_NET_ADMIN in its network namespace."""

    def __init__(self) -> None:
        import nftables  # Debian's binding; not needed, and perhaps not there, for a dry run

        self._nft: Any = nftables.Nftables()

    @classmethod
    def checked(cls) -> "Nft":
        """The kernel, proven to be usable. Raises FirewallRefused, ImportError or OSError."""
        nft = cls()
        nft._must(f"add table {ruleset.TABLE}")
        return nft

    @property
    def in_kernel(self) -> bool:
        return True

    def install(self, shape: Shape, bans: Iterable[KernelBan]) -> None:
        self._must(ruleset.whole_table(shape, bans))

    def replace_lists(self, lists: Lists) -> None:
        self._must(ruleset.replaced_lists(lists))

    def replace_meters(self, shape: Shape) -> None:
        self._must(ruleset.replaced_meters(shape))

    def ban(self, ban: KernelBan) -> Outcome:
        code, text = self._run(ruleset.renewed_ban(ban))
        if code == 0:
            return Outcome.DONE
        return Outcome.FULL if _is_full(text) else Outcome.FAILED

    def lift(self, network: Network) -> bool:
        code, text = self._run(ruleset.removed_ban(network))
        if code != 0 and _is_full(text):
            code, text = self._run(
                f"delete element {ruleset.TABLE} {ruleset.ban_set(network)} {{ {network.network_address} }}"
            )
        return code == 0 or "No such file" in text

    def _must(self, commands: str) -> None:
        code, text = self._run(commands)
        if code != 0:
            raise FirewallRefused(text.strip().splitlines()[0] if text.strip() else f"nftables error {code}")

    def _run(self, commands: str) -> tuple[int, str]:
        code, _, error = self._nft.cmd(commands)
        return int(code), str(error)


class DryRun:
    """No kernel: remembers what would have been done. Bans are then enforced in signaling."""

    def __init__(self) -> None:
        self.banned: dict[Network, float] = {}
        self.shape: Shape | None = None
        self.lists = Lists()

    @property
    def in_kernel(self) -> bool:
        return False

    def install(self, shape: Shape, bans: Iterable[KernelBan]) -> None:
        self.shape = shape
        self.lists = shape.lists
        self.banned = {ban.network: ban.seconds for ban in bans}

    def replace_lists(self, lists: Lists) -> None:
        self.lists = lists

    def replace_meters(self, shape: Shape) -> None:
        self.shape = shape

    def ban(self, ban: KernelBan) -> Outcome:
        self.banned[ban.network] = ban.seconds
        return Outcome.DONE

    def lift(self, network: Network) -> bool:
        self.banned.pop(network, None)
        return True


def _is_full(text: str) -> bool:
    return "Too many open files in system" in text or "No space left" in text or "File table overflow" in text
