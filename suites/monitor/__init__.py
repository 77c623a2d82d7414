"""What is looked at all the time: seconds, no more."""
