"""The procedures around a deployment: what must hold before, during and after it."""
