"""The monitoring procedures: every few minutes, in seconds."""
