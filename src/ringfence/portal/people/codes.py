"""Carries out what a phone asked for with a feature code, as its user could on the page."""

import logging
from typing import Any

from ringfence.portal.people.calling import set_calling
from ringfence.portal.people.models import Person
from ringfence.portal.problems import Refused

log = logging.getLogger(__name__)


def carry_out(event: dict[str, Any]) -> None:
    """Checks, audits and publishes the change. What cannot be done is logged: the phone has gone on."""
    person = (
        Person.objects.with_extension().filter(pk=event.get("user_id"), tenant_id=event.get("tenant_id")).first()
        if isinstance(event.get("user_id"), int)
        else None
    )
    values = event.get("values")
    if person is None or person.extension.aor != event.get("aor") or not isinstance(values, dict):
        log.error("this event asks for no setting: %.300r", event)
        return
    try:
        set_calling(person.acts_from(str(event.get("source", ""))[:64]), person, **values)
    except (Refused, TypeError, AttributeError) as refused:
        log.warning("%s asked by phone for what cannot be set: %s", person.extension.aor, refused)
