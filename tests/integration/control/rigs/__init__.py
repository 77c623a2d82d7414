"""One module a driver; see ``rig.py``."""
