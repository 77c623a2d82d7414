"""The ready suites: a runbook's procedures as tests, one folder per marker."""
