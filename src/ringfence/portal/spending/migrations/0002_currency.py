from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("spending", "0001_rates_and_budgets"),
    ]

    operations = [
        migrations.CreateModel(
            name="MoneyUnit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("currency", models.CharField(blank=True, default="", max_length=3)),
            ],
        ),
    ]
