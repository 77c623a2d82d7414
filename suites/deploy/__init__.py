"""The deployment procedures: before, during and after."""
