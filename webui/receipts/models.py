"""Public links: addresses under which a draw can be seen without a login."""

from django.conf import settings
from django.db import models


class PublicLink(models.Model):
    """One way to a draw for whoever knows the token, of which only the hash is kept."""

    account = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="public_links")
    serial = models.PositiveBigIntegerField("serial number")
    digest = models.CharField("SHA-256 of the token", max_length=64, unique=True)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["serial", "account"], name="publiclink_draw")]

    def __str__(self) -> str:
        return f"public link {self.pk} to draw {self.serial}"
