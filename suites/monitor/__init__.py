"""What monitoring watches all the time: seconds, not minutes."""
