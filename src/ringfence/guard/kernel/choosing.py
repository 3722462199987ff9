"""Which firewall this guard has."""

import logging

from ringfence.guard.kernel.doorstep import at_the_links
from ringfence.guard.kernel.firewall import DryRun, Firewall, FirewallRefused, Nft
from ringfence.guard.kernel.kernelwatch import KernelWatch
from ringfence.guard.offenders.passedby import PassedBy
from ringfence.store.blocks import BlockWriter

log = logging.getLogger(__name__)


def choose_firewall(
    use_kernel: bool, blocks: BlockWriter, *, passed_by: bool = False
) -> tuple[Firewall, KernelWatch | None]:
    """The kernel if we may use it; otherwise signaling enforces bans and block entries, with a loud warning. Both do
    where an SBC on another host lets people pass this kernel by.
    """
    if use_kernel:
        try:
            if passed_by:
                return PassedBy(blocks, at_the_links()).checked(), KernelWatch()
            found = Nft(at_the_links()).checked(), KernelWatch()
            blocks.clear()
            return found
        except (FirewallRefused, OSError, ImportError) as error:
            log.error(
                "NFTABLES CANNOT BE USED (%s): bans and block entries are enforced by Kamailio only. "
                "Give the guard CAP_NET_ADMIN.",
                error,
            )
    return DryRun(blocks), None
