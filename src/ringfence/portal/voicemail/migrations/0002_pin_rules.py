from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("voicemail", "0001_messages_and_mailboxes"),
    ]

    operations = [
        migrations.AddField(
            model_name="voicemailsettings", name="pin_shortest", field=models.PositiveIntegerField(default=6)
        ),
        migrations.AddField(
            model_name="voicemailsettings", name="pin_no_pattern", field=models.BooleanField(default=True)
        ),
        migrations.AddField(
            model_name="voicemailsettings", name="pin_no_own_number", field=models.BooleanField(default=True)
        ),
    ]
