"""How long the path of a Unix socket may be."""

LONGEST_PATH = 100
"""Bytes; systems take 104 to 108."""
