"""What is asked every few minutes: seconds each."""
