"""Networks: what turns preprocessed rows into outputs, and the form in which they are exported."""
