"""Security: what gets in, what gets out, who may do what."""
