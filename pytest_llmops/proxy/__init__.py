"""The fault proxy: stands between two that speak over TCP, and lets through what it is told to, as it is told to."""
