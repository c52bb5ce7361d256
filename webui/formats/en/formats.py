"""Times as records have them, so that what the admin shows can be compared with every other page."""

DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i:s e"
