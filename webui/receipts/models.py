"""Public links: addresses under which a draw can be seen without a login."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class PublicLink(models.Model):
    """One way to a draw for whoever knows the token, of which only the hash is kept."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="public_links", verbose_name=_("account")
    )
    serial = models.PositiveBigIntegerField(_("serial number"))
    digest = models.CharField("SHA-256 of the token", max_length=64, unique=True)
    created = models.DateTimeField(_("made"), auto_now_add=True)

    class Meta:
        verbose_name = _("public link")
        verbose_name_plural = _("public links")
        indexes = [models.Index(fields=["serial", "account"], name="publiclink_draw")]

    def __str__(self) -> str:
        return gettext("public link %(number)s to draw %(serial)s") % {"number": self.pk, "serial": self.serial}
