"""Clients of each kind of component, and readers of what commands, logs and backups hold; HTTP goes by ``http.py``."""
