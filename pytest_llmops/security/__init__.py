"""Security reviews: what gets in, what gets out, who may do what."""
