from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_calls")]

    operations = [
        migrations.AddField(model_name="tenant", name="aes_256_only", field=models.BooleanField(default=False)),
        migrations.AddField(
            model_name="tenant",
            name="media_encryption",
            field=models.CharField(
                choices=[("off", "off"), ("offered", "offered"), ("required", "required")],
                default="offered",
                max_length=8,
            ),
        ),
    ]
