"""What `manage allow` and `manage block` have in common: entries of the IP blacklist from a shell."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from ringfence.policy.book import Target
from ringfence.portal.actor import shell_actor
from ringfence.portal.problems import Refused, refuse
from ringfence.portal.security import changes, entry_import
from ringfence.portal.security.entry_export import exported_rows
from ringfence.portal.security.entry_files import Form, form_of, write
from ringfence.portal.security.models import AddressEntry

COUNTS: Final = ("rows", "added", "changed", "unchanged", "repeated", "ended", "problem_count")


class EntriesCommand(BaseCommand):
    """`add PREFIX`, `remove PREFIX`, `list`; `import` reads a list from standard input, `export` writes one."""

    target: ClassVar[Target]

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print JSON")
        verbs = parser.add_subparsers(dest="verb", required=True)
        add = verbs.add_parser("add", help="add an entry")
        add.add_argument("prefix", help="an address, 192.0.2.0/24 or 192.0.2.0/255.255.255.0")
        add.add_argument("--description", default="")
        add.add_argument("--seconds", type=int, default=0, help="end after so many seconds; never without")
        verbs.add_parser("remove", help="remove an entry").add_argument("prefix")
        verbs.add_parser("list", help="list the entries")
        take = verbs.add_parser("import", help="add a list from standard input, all of it or nothing")
        take.add_argument("--description", default="")
        take.add_argument("--seconds", type=int, default=0, help="end after so many seconds; never without")
        take.add_argument("--dry-run", action="store_true", help="only say what it would do")
        take.add_argument("--name", default="", help="what the file is called, which says how it is written")
        forms = [form.value for form in Form]
        take.add_argument("--form", choices=forms, default="")
        export = verbs.add_parser("export", help="write the entries to standard output")
        export.add_argument("--form", choices=forms, default=Form.CSV.value)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            shown = self._carry_out(options)
        except Refused as refused:
            raise CommandError(_told(refused), returncode=1) from refused
        if options["verb"] == "export":
            return
        if options["json"]:
            self.stdout.write(json.dumps(shown if options["verb"] == "list" else shown[0]))
            return
        for entry in shown:
            self.stdout.write("  ".join(str(value) for value in entry.values() if value not in (None, "")))

    def _carry_out(self, options: dict[str, Any]) -> list[dict[str, Any]]:
        match options["verb"]:
            case "add":
                return [self._add(options)]
            case "remove":
                return [self._remove(options)]
            case "import":
                return [self._import(options)]
            case "export":
                self._export(Form(options["form"]))
                return []
        return self._list()

    def _add(self, options: dict[str, Any]) -> dict[str, Any]:
        expires_at = _end(options["seconds"])
        network = changes.parsed_prefix(options["prefix"])
        entry = changes.add_entry(shell_actor(), network, self.target, expires_at, options["description"])
        return changes.entry_facts(entry)

    def _remove(self, options: dict[str, Any]) -> dict[str, Any]:
        network = changes.parsed_prefix(options["prefix"])
        entry = AddressEntry.objects.filter(cidr=str(network), target=self.target.value).first()
        if entry is None:
            raise refuse("prefix", "ip_filter.not_found", f"There is no entry to {self.target} {network}.")
        facts = changes.entry_facts(entry)
        changes.remove_entry(shell_actor(), entry)
        return facts

    def _import(self, options: dict[str, Any]) -> dict[str, Any]:
        """A row that names the other action is refused: `ringfence ban` blocks and `ringfence allow` allows."""
        raw = sys.stdin.buffer.read(entry_import.MOST_BYTES + 1)
        defaults = entry_import.Defaults(self.target, _end(options["seconds"]), options["description"], only=True)
        work = entry_import.check if options["dry_run"] else entry_import.take
        form = Form(options["form"] or form_of(options["name"], raw))
        outcome = work(shell_actor(), form, raw, defaults)
        counts = {name: getattr(outcome, name) for name in COUNTS}
        return {**counts, "problems": [asdict(problem) for problem in outcome.problems]}

    def _export(self, form: Form) -> None:
        title = f"Ringfence, entries to {self.target}, {timezone.now().astimezone(UTC):%Y-%m-%d %H:%M} UTC"
        for part in write(form, exported_rows(target=self.target.value), title):
            sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()

    def _list(self) -> list[dict[str, Any]]:
        return [changes.entry_facts(entry) for entry in AddressEntry.objects.filter(target=self.target.value)]


def _end(seconds: int) -> datetime | None:
    return timezone.now() + timedelta(seconds=seconds) if seconds > 0 else None


def _told(refused: Refused) -> str:
    """The refusal with the rows it is about."""
    rows = [f"{problem.field}: {problem.message}" for problem in refused.problems if problem.field.startswith("line ")]
    return "\n".join([refused.detail, *rows])
