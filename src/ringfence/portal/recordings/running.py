"""Which of the running calls are recorded now, for the page of live calls."""

from ringfence.portal.actor import Actor
from ringfence.portal.recordings.models import Recording


def running_of(actor: Actor) -> frozenset[str]:
    """Their call ids."""
    found = Recording.objects.visible_to(actor).filter(running=True)
    return frozenset(found.values_list("call_id", flat=True))
