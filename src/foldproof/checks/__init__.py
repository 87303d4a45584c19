"""Looking before training: each check is a row of a table, and sees the member that trains first, on its own rows."""
