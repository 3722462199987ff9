from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_no_limit_of_calls")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="max_concurrent_calls",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="max_call_minutes",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
    ]
