"""Who may come to what, as the administrator said; without an entry for an area everybody may."""

from enum import StrEnum

from django.db import models


class Area(StrEnum):
    """What an opening is for: phones (SIP and provisioning), the portal with REST and events, SSH."""

    PHONES = "phones"
    PORTAL = "portal"
    SSH = "ssh"


class AdmittedNetwork(models.Model):
    """A network that may come to an area."""

    area = models.CharField(max_length=16, choices=[(area.value, area.value) for area in Area])
    cidr = models.CharField(max_length=64)

    class Meta:
        ordering = ("area", "id")
        constraints = (models.UniqueConstraint(fields=("area", "cidr"), name="one_network_in_an_area"),)

    def __str__(self) -> str:
        return f"{self.area} {self.cidr}"
