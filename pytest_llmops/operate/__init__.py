"""What operators do with a deployment beyond looking at it: triage, diagnostics, incidents."""
