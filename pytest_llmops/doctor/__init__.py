"""``llmops doctor``: does the file hold, what can run, and what would it cost?"""
