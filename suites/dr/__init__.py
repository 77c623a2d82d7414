"""The disaster procedures: broken on purpose, restored elsewhere, and proven to come back."""
