"""Detectors: what a text holds that it should not, and how often each of them is wrong."""
