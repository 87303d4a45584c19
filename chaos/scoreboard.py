"""The table at the end: what was tried, what survived, what was lost."""

from dataclasses import dataclass, field


@dataclass
class Scoreboard:
    """Counts by kind, the faults of what was lost, and remarks that are worth a line."""

    tried: dict[str, int] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, kinds: list[str], where: str, faults: list[str]) -> None:
        """Count what was done to one clone; where it ended with faults, all that was done to it counts as lost."""
        for kind in kinds:
            self.tried[kind] = self.tried.get(kind, 0) + 1
            self.lost[kind] = self.lost.get(kind, 0) + bool(faults)
        self.faults += [f"{where}: {fault}" for fault in faults]
        self.say(f"{where}: {'LOST ' if faults else 'survived '}{len(kinds)} ({', '.join(kinds)})")
        for fault in faults:
            self.say(f"    {fault}")

    def remark(self, text: str) -> None:
        """Keep a remark for the end."""
        self.remarks.append(text)
        self.say(text)

    @staticmethod
    def say(line: str) -> None:
        """A line of progress."""
        print(line, flush=True)

    def __str__(self) -> str:
        width = max((len(kind) for kind in self.tried), default=0) + 2
        lines = [f"{'kind':{width}}  tried  survived  lost"]
        rows = [(kind, tried, self.lost[kind]) for kind, tried in sorted(self.tried.items())]
        rows.append(("all", sum(self.tried.values()), sum(self.lost.values())))
        lines += [f"{kind:{width}}{tried:7}{tried - lost:10}{lost:6}" for kind, tried, lost in rows]
        return "\n".join([*lines, *self.remarks])
