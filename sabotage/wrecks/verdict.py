"""Wrecks of what checks before training do to the pipeline."""

from sabotage.wreck import Wreck

VERDICT = (
    Wreck(
        "figures in the verdict that training depends on",
        "checks/finding.py",
        'return {"passed": not errors, "errors": errors}',
        'return {"passed": not errors, "errors": errors, "told": [one.sentence for one in findings]}',
        "checks/test_finding.py::test_the_verdict_holds_names_alone_and_does_not_move_with_a_figure",
    ),
    Wreck(
        "an error that stops nothing",
        "checks/telling.py",
        "    if errors:\n",
        "    if not findings:\n",
        "commands/test_check_stage.py::test_an_error_stops_the_pipeline_and_says_all",
    ),
    Wreck(
        "a severity that is not asked for",
        "checks/table.py",
        "block.severity if seen.advice",
        '"error" if seen.advice',
        "commands/test_check_stage.py::test_a_severity_decides_what_a_finding_is",
    ),
    Wreck(
        "a network of one's own that changes unchecked",
        "model/given.py",
        'STAGES = ("check", "train")',
        'STAGES = ("train",)',
        "model/test_factory.py::test_a_source_that_check_and_train_do_not_depend_on_is_refused_with_advice",
    ),
)
