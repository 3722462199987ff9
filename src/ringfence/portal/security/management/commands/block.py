"""`manage block add|remove|list`."""

from ringfence.policy.book import Target
from ringfence.portal.security.entries_command import EntriesCommand


class Command(EntriesCommand):
    help = "Manages block entries of the IP blacklist."
    target = Target.BLOCK
