"""A real daemon, real FIFOs, real children, real signals."""
