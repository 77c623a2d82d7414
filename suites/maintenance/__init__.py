"""The procedures around a maintenance window."""
