"""What a process of the portal loads before it works: a prepared system is up in under 15 s (issue 2)."""

import subprocess
import sys

import pytest

from ringfence.engines.supervision.children import children
from tests.unit.engines.systems import a_system

_START = """
import sys
import django
django.setup()
from django.core.management import get_commands, load_command_class
command = load_command_class(get_commands()[sys.argv[1]], sys.argv[1])
command.handle = lambda *words, **options: None
command.run_from_argv(["manage", *sys.argv[1:]])
print("ringfence.portal.api" in sys.modules)
"""
"""A command as the supervisor starts it, up to where it would begin to work."""


@pytest.mark.parametrize("name", ["ingest", "wsi", "notices", "mailroom", "backups"])
def test_only_the_web_process_loads_every_page_and_resource(name: str) -> None:
    """That takes longer than all else they load, five times over on two processors."""
    (child,) = (one for one in children(a_system(), {}) if one.name == name)
    words = child.argv[child.argv.index("ringfence.portal.manage") + 1 :]
    done = subprocess.run([sys.executable, "-c", _START, *words], capture_output=True, text=True, timeout=60)
    assert (done.stdout.strip(), done.returncode) == ("False", 0), done.stderr
