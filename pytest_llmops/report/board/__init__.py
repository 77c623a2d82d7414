"""The board: a run on one page for a person, without a script and without the network."""

BOARD = "board.html"
"""The page's file, beside ``run.json``."""
