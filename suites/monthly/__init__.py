"""The monthly reviews: usage, growth, and when something is used up."""
