"""Entries may be deleted up to the newest checkpoint; checkpoints themselves stay for ever."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

SQLITE = (
    "DROP TRIGGER IF EXISTS audit_no_delete",
    """
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit_entry
WHEN OLD.id > COALESCE((SELECT MAX(last_id) FROM audit_checkpoint), 0)
BEGIN SELECT RAISE(ABORT, 'audit entries are append-only'); END
""",
    """
CREATE TRIGGER audit_keep_checkpoint BEFORE UPDATE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END
""",
    """
CREATE TRIGGER audit_no_checkpoint_delete BEFORE DELETE ON audit_checkpoint
BEGIN SELECT RAISE(ABORT, 'audit checkpoints are append-only'); END
""",
)
POSTGRESQL = (
    """
CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
IF TG_TABLE_NAME = 'audit_entry' AND TG_OP = 'DELETE' THEN
    IF OLD.id <= COALESCE((SELECT MAX(last_id) FROM audit_checkpoint), 0) THEN RETURN OLD; END IF;
END IF;
RAISE EXCEPTION 'audit entries are append-only';
END $$
""",
    """
CREATE TRIGGER audit_keep_checkpoint BEFORE UPDATE OR DELETE ON audit_checkpoint
FOR EACH ROW EXECUTE FUNCTION audit_refuse()
""",
)


def permit_retention(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    for statement in SQLITE if editor.connection.vendor == "sqlite" else POSTGRESQL:
        editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_checkpoints_and_indexes")]
    operations = [migrations.RunPython(permit_retention, migrations.RunPython.noop)]
