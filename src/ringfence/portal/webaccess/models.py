"""From where administrators may come. Listeners and certificate belong to the web access process."""

from ipaddress import ip_address, ip_network

from django.db import models


class AdministratorNetwork(models.Model):
    """An address or range that system administrators may come from; without any entry they may come from everywhere."""

    cidr = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return self.cidr

    @classmethod
    def admits(cls, address: str) -> bool:
        """Whether a system administrator may act from this address. An unknown address is refused while there are
        entries."""
        return admitted(address, list(cls.objects.values_list("cidr", flat=True)))


def admitted(address: str, networks: list[str]) -> bool:
    """
    >>> admitted("192.0.2.7", ["192.0.2.0/24"]), admitted("198.51.100.1", ["192.0.2.0/24"]), admitted("", [])
    (True, False, True)
    """
    if not networks:
        return True
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return found.is_loopback or any(found in ip_network(network) for network in networks)
