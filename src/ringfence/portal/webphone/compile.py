"""What workers look up of browser phones: the credential of a digest's user name."""

from collections.abc import Iterator, Sequence

from django.utils import timezone

from ringfence.policy.people.browsers import BrowserCredential, credential_key, encode_credential
from ringfence.portal.webphone.models import PhoneCredential, PhoneCredentialQuerySet

type Values = Iterator[tuple[str, bytes]]


def every_credential() -> Values:
    yield from _of(PhoneCredential.objects.valid(timezone.now()))


def some_credentials(keys: Sequence[str]) -> Values:
    """Of a name only the one under its own realm."""
    names = [key.partition("/")[2].partition("@")[0] for key in keys]
    wanted = set(keys)
    yield from (item for item in _of(PhoneCredential.objects.valid(timezone.now()).filter(name__in=names))
                if item[0] in wanted)  # fmt: skip


def _of(rows: PhoneCredentialQuerySet) -> Values:
    for row in rows.select_related("extension__tenant").iterator(chunk_size=2000):
        extension = row.extension
        found = BrowserCredential(extension.aor, extension.person_id, row.expires_at.timestamp(), row.ha1_md5)
        yield key_of(row), encode_credential(found)


def key_of(row: PhoneCredential) -> str:
    return credential_key(row.name, row.extension.tenant.domain)
