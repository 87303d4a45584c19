"""Who may see which row: one role a member and row, and everything downstream takes rows only through it.

Rows that must not part, because they are equal or of one group, are joined to a unit (`units`); over time groups alone
are, since an equal row that came earlier may be known. The test
set is held out before anything else; a kind of split (`kinds`: `by_row`, `by_group`, `by_time`) says how, deals what is
left into folds, and takes of each member's training part the inner validation, on which alone it stops and picks its
best epoch. `manifest` holds the roles.
"""

from foldproof.data.splits.making import make_split
from foldproof.data.splits.manifest import Member, Role, Rows, Split, hash_of_rows

__all__ = ["Member", "Role", "Rows", "Split", "hash_of_rows", "make_split"]
