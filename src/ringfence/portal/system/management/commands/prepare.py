"""`manage prepare`: brings the database up to date, fills in defaults, publishes everything. Run before each start."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ringfence.portal import audio, places
from ringfence.portal.audit import anchor, chain
from ringfence.portal.publish import publish_everything
from ringfence.portal.signin.sessions import forget_old_sessions
from ringfence.portal.system.setup import fill_in_defaults
from ringfence.portal.system.upgrade import FromLater, bring_up_to_date
from ringfence.portal.webphone.credentials import forget_expired
from ringfence.store.broken import mend_apart
from ringfence.store.layout import TABLES


class Command(BaseCommand):
    help = "Migrates the database, fills in predefined roles and known scanners, rebuilds the policy store."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--setup-link", action="store_true", help="then print a new link, as `setup-link` does")

    def handle(self, *args: Any, **options: Any) -> None:
        places.PORTAL.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            for migration in bring_up_to_date():
                self.stderr.write(f"database: {migration}")
        except FromLater as error:
            raise CommandError(str(error)) from error
        call_command("clearsessions")
        forget_old_sessions()
        forget_expired()
        fill_in_defaults()
        audio.lay_out_public_key()
        anchor.establish(chain.head())
        if why := mend_apart(places.POLICY, TABLES):
            self.stderr.write(f"the policy store was broken and is made anew from the database ({why})")
        self.stdout.write(f"policy version {publish_everything()}")
        if options["setup_link"]:
            call_command("setup_link", stdout=self.stdout, stderr=self.stderr)
