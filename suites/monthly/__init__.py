"""The monthly procedures."""
