"""What can be done to destinations of notices. A secret goes in once and never comes out again."""

import secrets
from dataclasses import dataclass
from typing import Any, Final

from django.utils import timezone

from ringfence.policy.settings import Problem
from ringfence.portal.access import require
from ringfence.portal.actor import Actor
from ringfence.portal.change import SECRET_CHANGED, Change, change
from ringfence.portal.notices import checks, deliver
from ringfence.portal.notices.collect import body_of
from ringfence.portal.notices.means import Batch, Means, NotDelivered, wishes_of
from ringfence.portal.notices.models import Destination
from ringfence.portal.permissions import Permission
from ringfence.portal.problems import Conflict, Refused
from ringfence.portal.sealing import seal
from ringfence.portal.text import label_problem

MOST_DESTINATIONS: Final = 50
MOST_STORM_BANS: Final = 1_000
TEST: Final = "notice.test"


@dataclass(frozen=True, slots=True)
class Wish:
    """A destination as somebody wants it. `secret` None leaves what is stored."""

    name: str
    topics: tuple[str, ...]
    settings: dict[str, Any]
    enabled: bool = True
    storm_bans: int = 20
    secret: str | None = None


class TestFailed(Refused):
    status = 502
    error_id = "notices.test_failed"
    title = "The test notice was not taken"


def add(actor: Actor, means: Means, wish: Wish) -> tuple[Destination, str]:
    """The new destination; with a webhook also the key that signs, which is shown once. Raises Refused."""
    require(actor, Permission.SECURITY_WRITE)
    key = secrets.token_urlsafe(32) if means is Means.WEBHOOK else wish.secret or ""
    _refuse(means, wish, has_secret=bool(key))
    if Destination.objects.count() >= MOST_DESTINATIONS:
        raise Conflict([Problem("name", "notices.too_many", f"There can be {MOST_DESTINATIONS} destinations.")])
    with change(actor) as draft:
        _refuse_twin(wish.name, None)
        destination = Destination(means=means.value)
        _fill(destination, means, wish)
        destination.save()
        _keep_secret(destination, key)
        draft.record("notices.destination_added", destination.pk, wish.name, new=facts(destination))
    return destination, key if means is Means.WEBHOOK else ""


def alter(actor: Actor, destination: Destination, wish: Wish) -> Destination:
    """Raises Refused. A destination keeps its means."""
    require(actor, Permission.SECURITY_WRITE)
    means = Means(destination.means)
    _refuse(means, wish, has_secret=bool(destination.secret) if wish.secret is None else bool(wish.secret))
    with change(actor) as draft:
        _refuse_twin(wish.name, destination.pk)
        before = facts(destination)
        _fill(destination, means, wish)
        destination.failures, destination.retry_at, destination.last_error = 0, None, ""
        destination.save()
        if wish.secret is not None and means is Means.EMAIL:
            _keep_secret(destination, wish.secret)
        _record_alteration(draft, destination, before, secret=wish.secret is not None)
    return destination


def renew_key(actor: Actor, destination: Destination) -> str:
    """A new key for a webhook, shown once; the old one signs nothing any more."""
    require(actor, Permission.SECURITY_WRITE)
    if destination.means != Means.WEBHOOK:
        raise Refused([Problem("means", "notices.no_key", "Only a webhook has a key.")])
    key = secrets.token_urlsafe(32)
    with change(actor) as draft:
        _keep_secret(destination, key)
        _record_alteration(draft, destination, facts(destination), secret=True)
    return key


def remove(actor: Actor, destination: Destination) -> None:
    require(actor, Permission.SECURITY_WRITE)
    with change(actor) as draft:
        draft.record("notices.destination_removed", destination.pk, destination.name, old=facts(destination))
        destination.delete()


def test(actor: Actor, destination: Destination) -> None:
    """Sends a notice now, past the queue. Raises TestFailed with what the peer said."""
    require(actor, Permission.SECURITY_WRITE)
    number = f"test-{secrets.token_hex(4)}"
    body = body_of(number, TEST, timezone.now().timestamp(), {"by": actor.name, "destination": destination.name})
    body["summary"] = f"This is a test, asked for by {actor.name}"
    try:
        told = deliver.send(destination, Batch(number, [body]))
    except NotDelivered as error:
        raise TestFailed(detail=str(error)) from error
    if told:
        raise TestFailed(detail=told)


def facts(destination: Destination) -> dict[str, Any]:
    """A destination without its secret."""
    return {
        "name": destination.name,
        "means": destination.means,
        "enabled": destination.enabled,
        "topics": list(destination.topics),
        "storm_bans": destination.storm_bans,
        "settings": checks.stored(wishes_of(destination.means, destination.wishes)),
    }


def _refuse(means: Means, wish: Wish, *, has_secret: bool) -> None:
    found = checks.problems(checks.wished(means, wish.settings), has_secret) + checks.topic_problems(wish.topics)
    if problem := label_problem("name", wish.name):
        found.append(problem)
    if not 2 <= wish.storm_bans <= MOST_STORM_BANS:
        found.append(
            Problem("storm_bans", "notices.storm_bans", f"A ban storm is 2 to {MOST_STORM_BANS} bans a minute.")
        )
    if found:
        raise Refused(found)


def _refuse_twin(name: str, own: int | None) -> None:
    others = Destination.objects.all() if own is None else Destination.objects.exclude(pk=own)
    if others.filter(name__iexact=name.strip()).exists():
        raise Conflict([Problem("name", "notices.exists", f"There is already a destination named {name.strip()!r}.")])


def _fill(destination: Destination, means: Means, wish: Wish) -> None:
    destination.name, destination.enabled = wish.name.strip(), wish.enabled
    destination.topics, destination.storm_bans = list(dict.fromkeys(wish.topics)), wish.storm_bans
    destination.wishes = checks.stored(checks.wished(means, wish.settings))


def _keep_secret(destination: Destination, secret: str) -> None:
    destination.secret = seal(secret, destination.bound_to) if secret else b""
    destination.save(update_fields=["secret"])


def _record_alteration(draft: Change, destination: Destination, before: dict[str, Any], *, secret: bool) -> None:
    after = facts(destination)
    if secret:
        before, after = {**before, "secret": ""}, {**after, "secret": SECRET_CHANGED}
    draft.record("notices.destination_changed", destination.pk, destination.name, before, after)
