from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_media_encryption")]

    operations = [migrations.AddField(model_name="tenant", name="tls_only", field=models.BooleanField(default=False))]
