from django.db import migrations

from webui.history import terms


class Migration(migrations.Migration):
    dependencies = [("history", "0003_draw_permissions")]

    operations = [migrations.RunSQL([terms.CREATE, terms.FILL], terms.DROP)]
