from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="KeptData",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("log_megabytes", models.PositiveIntegerField(default=8)),
                ("log_files", models.PositiveIntegerField(default=3)),
                ("log_days", models.PositiveIntegerField(default=30)),
                ("call_record_days", models.PositiveIntegerField(default=0)),
            ],
        ),
    ]
