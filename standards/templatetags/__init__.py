"""What the officer's pages share."""
