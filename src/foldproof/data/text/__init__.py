"""Tagged text: a row is a token, its features and those of its neighbours, as codes."""
