"""What follows from operations, and several rules ask for: which changes a database makes of them, what they prove or move."""
