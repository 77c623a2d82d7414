"""Is it still right: the answers, what they are found in, and what becomes of those that were wrong."""
