"""The table of wrecks, a file a subject; a new one is a row there."""

from sabotage.wreck import Wreck
from sabotage.wrecks.durability import DURABILITY
from sabotage.wrecks.judgement import JUDGEMENT
from sabotage.wrecks.leakage import LEAKAGE
from sabotage.wrecks.members import MEMBERS
from sabotage.wrecks.refusals import REFUSALS
from sabotage.wrecks.resuming import RESUMING
from sabotage.wrecks.techniques import TECHNIQUES
from sabotage.wrecks.transfer import TRANSFER
from sabotage.wrecks.verdict import VERDICT

WRECKS: tuple[Wreck, ...] = (
    *LEAKAGE,
    *MEMBERS,
    *TECHNIQUES,
    *TRANSFER,
    *RESUMING,
    *DURABILITY,
    *JUDGEMENT,
    *REFUSALS,
    *VERDICT,
)
