from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0006_tls_only")]

    operations = [
        migrations.AddField(model_name="tenant", name="sha_256_digests", field=models.BooleanField(default=False)),
    ]
