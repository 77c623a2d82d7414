"""The maintenance procedures: before, during and after."""
