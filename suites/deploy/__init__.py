"""The procedures before, during and after a deploy."""
