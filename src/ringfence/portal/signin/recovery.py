"""Helping somebody back in: a new first password, or the way without a lost second factor."""

from axes.models import AccessAttempt
from axes.utils import reset
from django.db.models import Sum

from ringfence.policy.addresses import ban_network, parse_address
from ringfence.portal.actor import Actor
from ringfence.portal.change import change
from ringfence.portal.people.changes import set_password
from ringfence.portal.people.digests import new_secret
from ringfence.portal.people.escalation import stand_above
from ringfence.portal.people.models import ApiToken, Person
from ringfence.portal.security.changes import parsed_address
from ringfence.portal.signin import factors, sessions
from ringfence.portal.signin.passwords import account_of, policy_for_person

LENGTH = 12


def give_first_password(actor: Actor, person: Person) -> str:
    """A generated password, which is shown once and must be changed at the next sign-in. Raises Forbidden.

    Sessions and tokens end. A second factor stays: whoever resets a password gets no further with it (attack case 93).
    """
    password = new_secret(account_of(person), policy_for_person(person), LENGTH)
    set_password(actor, person, password)
    return password


def remove_second_factors(actor: Actor, person: Person) -> int:
    """For somebody who lost the device and the codes. Raises Forbidden."""
    stand_above(actor, person)
    with change(actor) as draft:
        count = factors.remove_all_factors(person)
        ApiToken.objects.filter(person=person).delete()
        sessions.end_all(person)
        draft.record("second_factor.reset", person.pk, person.username, tenant_id=person.tenant_id)
    return count


def forget_failures(actor: Actor, address: str) -> int:
    """Lets an address sign in again that the count alone shuts out, because it may never be banned. Raises Refused."""
    wanted = parsed_address(address)
    counted = str(ban_network(parse_address(wanted)).network_address)
    failures = AccessAttempt.objects.filter(ip_address=counted).aggregate(n=Sum("failures_since_start"))["n"] or 0
    with change(actor) as draft:
        reset(ip=counted)
        draft.record("session.failures_forgotten", "", wanted, new={"failures": failures})
    return int(failures)
