"""Disasters, rehearsed: drills that break something and see it come back, backups and restores."""
