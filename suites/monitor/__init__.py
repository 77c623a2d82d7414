"""What monitoring watches all the time: each takes seconds."""
