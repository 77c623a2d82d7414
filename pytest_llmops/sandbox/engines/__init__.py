"""What generates the model server's answers: one protocol, and the engines that keep it."""
