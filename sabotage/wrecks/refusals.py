"""Wrecks by which something that must be refused passes, or a failure looks like success."""

from sabotage.wreck import Wreck

REFUSALS = (
    Wreck(
        "an unknown key in params accepted",
        "config/closed.py",
        'extra="forbid"',
        'extra="ignore"',
        "config/test_params.py::test_every_problem_is_told_at_once",
    ),
    Wreck(
        "infinity accepted in data",
        "data/describing.py",
        "bad = (np.isinf(values) if of_table else ~np.isfinite(values)).any(axis=1)",
        "bad = (np.isnan(values) & (not of_table)).any(axis=1)",
        "data/test_sources.py::test_all_that_is_wrong_with_arrays_is_told",
    ),
    Wreck(
        "a category that training did not have taken for its first one",
        "data/encoding.py",
        "pc.fill_null(places, int(UNSEEN))",
        "pc.fill_null(places, 0)",
        "data/test_encoding.py::test_a_category_that_training_did_not_have_is_counted",
    ),
    Wreck(
        "divergence not noticed",
        "training/divergence.py",
        "elif losses[place] > limits[place]:",
        "elif losses[place] > float('inf'):",
        "training/test_fit.py::test_a_rate_far_too_high_is_refused_with_fold_and_advice[adam]",
    ),
    Wreck(
        "a loss that is not finite not noticed",
        "training/divergence.py",
        "if bad_steps[place] >= 0:",
        "if bad_steps[place] > float('inf'):",
        "training/test_fit.py::test_nan_is_found_at_its_step",
    ),
    Wreck(
        "a refused stage exits 0",
        "stage.py",
        'stopped:\\n{error}\\n{_advice(name)}", file=sys.stderr)\n        sys.exit(1)',
        'stopped:\\n{error}\\n{_advice(name)}", file=sys.stderr)\n        sys.exit(0)',
        "commands/test_stage.py::test_a_refusal_is_told_with_all_its_problems",
    ),
    Wreck(
        "Ctrl-C exits 0",
        "stage.py",
        "sys.exit(INTERRUPTED)",
        "sys.exit(0)",
        "commands/test_stage.py::test_an_interruption_is_not_a_success",
    ),
    Wreck(
        "an interrupted stage recorded as finished",
        "tracking/recorder.py",
        'return "killed", "interrupted"',
        'return "finished", ""',
        "tracking/test_recorder.py::test_an_exception_ends_the_stage_and_goes_on",
    ),
)
