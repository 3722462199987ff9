"""What ends when somebody is switched off or deleted: everything that was opened with the account, at once.

Phones stay registered for up to ten minutes by themselves, so whoever is made under the same number would have his
calls ring there; and a call lasts until somebody hangs up. Switched on again, the person begins anew: no session or
token of before comes back.
"""

from functools import partial

from django.db import transaction

from ringfence.portal import guard
from ringfence.portal.people.models import ApiToken, Person
from ringfence.portal.signin import sessions


def end_access(person: Person) -> None:
    """Ends sessions, their browser phones, and tokens. Call it in the transaction of the change."""
    sessions.end_all(person)
    ApiToken.objects.filter(person=person).delete()


def end_calls_and_registrations(**whose: str) -> None:
    """Of one `aor`, or all of a `domain`. Call it after the change: before that is in force, a phone comes back."""
    for verb in ("registrations.end", "calls.end"):
        transaction.on_commit(partial(guard.tell, verb, **whose))
