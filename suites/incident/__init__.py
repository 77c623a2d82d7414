"""While something is wrong: read-only, to find out what it is."""
