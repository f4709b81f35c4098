"""What a user is worth, what that user may cost, and which caps on requests follow from it."""
