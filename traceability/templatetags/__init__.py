"""What templates of both apps share."""
