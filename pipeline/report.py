"""Stage report: one self-contained page -> reports/report.html; ends the run's record."""

from pathlib import Path

from foldproof.config import Params
from foldproof.stage import stage


def main(params: Params) -> None:
    """Write the page from what the other stages left."""
    from foldproof.checks.finding import from_dict
    from foldproof.data.schema import Schema
    from foldproof.data.splits import Split
    from foldproof.evaluation.assessment import Assessment
    from foldproof.report.page import render
    from foldproof.reproducibility import read_json, write_whole
    from foldproof.tracking.recorder import Recorder

    schema = Schema.from_dict(read_json("data/prepared/schema.json"))
    profile = read_json("data/prepared/profile.json")
    audit = Split.load("data/splits").audit
    assessment = Assessment.from_dict(read_json("reports/evaluation.json"))
    pictures = {path.stem: path for path in sorted(Path("reports/plots").glob("*.png"))}
    pictures["augmentation"] = Path("reports/augmentation.png")
    findings = from_dict(read_json("reports/checks.json"))
    with Recorder("report", params, schema) as record:
        page = render(assessment, schema, audit, params.flat(), pictures, profile, findings)
        write_whole("reports/report.html", page)
        record.results()


if __name__ == "__main__":
    stage("report", main)
