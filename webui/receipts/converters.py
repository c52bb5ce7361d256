"""Parts of addresses."""


class SerialConverter:
    """A serial number: 1 or more, and small enough for any database."""

    regex = "[1-9][0-9]{0,17}"

    def to_python(self, value: str) -> int:
        """From the address."""
        return int(value)

    def to_url(self, value: int) -> str:
        """Into an address."""
        return str(value)
