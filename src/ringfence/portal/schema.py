"""What every body of the REST API has in common."""

from ninja import Schema
from pydantic import ConfigDict


class In(Schema):
    """A body that comes in: an unknown field is refused, so that no typing error or foreign field passes silently."""

    model_config = ConfigDict(extra="forbid")


class Out(Schema):
    """A body that goes out."""
