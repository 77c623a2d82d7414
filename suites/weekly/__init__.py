"""The weekly procedures."""
