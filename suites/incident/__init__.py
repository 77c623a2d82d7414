"""The incident procedures: what is wrong, since when, and what is known of it."""
