"""The weekly procedures: what the week has come to, and what is put in order."""
