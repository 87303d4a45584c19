"""Why a member was given up."""

from dataclasses import dataclass

from foldproof.config.divergence import CAUSES, CauseName


@dataclass(frozen=True)
class Fault:
    """The likely cause, and a sentence that tells it beside what was seen."""

    cause: CauseName
    told: str

    @classmethod
    def likely(cls, cause: CauseName, evidence: str = "") -> "Fault":
        """That it is most likely this, with the key to change, and what speaks for it."""
        told = f"most likely {CAUSES[cause].what} ({CAUSES[cause].advice.key})"
        return cls(cause, f"{told}; {evidence}" if evidence else told)

    def seen(self, what: str) -> "Fault":
        """The same, told after what was seen."""
        return Fault(self.cause, f"{what}: {self.told}")
