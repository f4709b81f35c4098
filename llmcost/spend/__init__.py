"""What was spent, on what, and what the answer rests on."""
