"""Starts and stops what a target consists of."""
