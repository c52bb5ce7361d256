"""How times are written, in every language alike: Django finds it by FORMAT_MODULE_PATH."""
