"""Public links in Django's admin: who looks after accounts sees what is open, and revokes it."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from webui.history.admin import ReadOnlyAdmin
from webui.receipts.models import PublicLink


@admin.register(PublicLink)
class PublicLinkAdmin(ReadOnlyAdmin):
    """All public links, newest first. Their addresses nobody can see here: of these only hashes are kept."""

    actions = ()  # and so the site's own, which deletes those that are chosen
    list_display = ("created", "account", "serial", "receipt")
    list_select_related = ("account",)
    list_filter = (("account__is_active", admin.BooleanFieldListFilter),)
    search_fields = ("account__username", "=serial")
    date_hierarchy = "created"
    ordering = ("-pk",)
    list_per_page = 50
    show_full_result_count = False
    fields = ("created", "account", "serial", "receipt")
    readonly_fields = ("created", "receipt")

    def has_delete_permission(self, request: HttpRequest, obj: PublicLink | None = None) -> bool:
        """Whoever was given that right."""
        return super(ReadOnlyAdmin, self).has_delete_permission(request, obj)

    @admin.display(description=_("receipt"))
    def receipt(self, link: PublicLink) -> SafeString:
        """A link to the draw's page."""
        return format_html('<a href="{}">{}</a>', reverse("receipt", args=[link.serial]), _("Receipt"))
