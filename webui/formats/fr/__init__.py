"""See webui/formats/__init__.py."""
