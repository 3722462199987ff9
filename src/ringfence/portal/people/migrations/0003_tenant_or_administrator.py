"""A person belongs to a tenant or administers the system."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("people", "0002_system_administrator")]
    operations = [
        migrations.AddConstraint(
            "person",
            models.CheckConstraint(
                condition=models.Q(is_system_administrator=True, tenant__isnull=True)
                | models.Q(is_system_administrator=False, tenant__isnull=False),
                name="tenant_or_system_administrator",
            ),
        ),
    ]
