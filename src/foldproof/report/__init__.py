"""What a person reads: the live display, the terminal's tables, the page."""
