"""Property tests here take no notice of time and leave nothing behind."""

from hypothesis import settings

settings.register_profile("unit", deadline=None, database=None)
settings.load_profile("unit")
