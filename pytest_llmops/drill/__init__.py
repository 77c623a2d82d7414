"""Drills: a steady state is broken on purpose, the fault is seen, and what comes back is timed."""
