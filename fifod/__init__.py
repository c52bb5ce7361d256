"""fifod: fair random draws over a named pipe, with a record that nobody can quietly redo."""

__version__ = "1.0.0"
