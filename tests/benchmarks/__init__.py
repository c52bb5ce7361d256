"""Benchmarks: `python -m tests.benchmarks` measures fifod against references on the same machine in the same minutes.

Each figure is the median of several measurements, taken in turn with those of its reference, so that what else the
machine does falls on both. The C programs beside the modules are compiled when they are needed. Nothing is left behind
but the results.
"""
