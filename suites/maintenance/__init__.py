"""Around a maintenance window: what is well before, and again after."""
