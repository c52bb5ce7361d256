"""The audit log in Django's admin: to be read."""

from django.contrib import admin

from webui.history.admin import ReadOnlyAdmin
from webui.service.models import ServiceAct


@admin.register(ServiceAct)
class ServiceActAdmin(ReadOnlyAdmin):
    """Acts on the service, newest first."""

    list_display = ("time", "account_name", "account_id", "verb", "unit", "result")
    list_filter = ("verb", "unit", "account_name")
    date_hierarchy = "time"
    search_fields = ("account_name", "result")
    list_per_page = 50
    show_full_result_count = False
