"""Wrecks by which scores, intervals and predictions say something else than they claim."""

from sabotage.wreck import Wreck

JUDGEMENT = (
    Wreck(
        "corrected interval without its correction",
        "evaluation/intervals.py",
        "sqrt(1 / len(scores) + test_to_training)",
        "sqrt(1 / len(scores))",
        "evaluation/test_intervals.py::test_corrected_interval_of_the_worked_example",
    ),
    Wreck(
        "better and worse confused where lower is better",
        "evaluation/comparison.py",
        "gain = middle if higher_is_better else -middle",
        "gain = middle",
        "evaluation/test_comparison.py::test_where_lower_is_better_the_gain_turns_and_the_difference_stays",
    ),
    Wreck(
        "the ensemble averages classes, not probabilities",
        "evaluation/ensembles.py",
        "np.mean(members, axis=0, dtype=np.float64)",
        "np.mean(members == members.max(axis=-1, keepdims=True), axis=0, dtype=np.float64)",
        "evaluation/test_ensembles.py::test_members_are_averaged_by_hand",
    ),
    Wreck(
        "softmax left out of exported predictions",
        "model/exported.py",
        "found = [OUTPUT_ACTIVATIONS[name](part) for name, part in zip(activations, parts, strict=True)]",
        "found = [part if part.shape[-1] > 1 else part.squeeze(-1) for part in parts]",
        "model/test_exported.py::test_a_member_predicts_what_its_plain_network_does_on_rows_that_it_normalised",
    ),
    Wreck(
        "HTML not escaped in the report",
        "report/page.py",
        "autoescape=True",
        "autoescape=False",
        "report/test_page.py::test_names_are_escaped",
    ),
    Wreck(
        "Monte-Carlo masks the same in each pass",
        "model/exported.py",
        "randomness.fold_in(randomness.fold_in(self._mask_keys(), mask), start)",
        "randomness.fold_in(randomness.fold_in(self._mask_keys(), 0), start)",
        "evaluation/test_test_time.py::"
        "test_masks_are_reproducible_differ_between_passes_and_leave_running_averages_alone",
    ),
    Wreck(
        "Monte-Carlo masks the same for every thousand rows",
        "model/exported.py",
        "randomness.fold_in(randomness.fold_in(self._mask_keys(), mask), start)",
        "randomness.fold_in(randomness.fold_in(self._mask_keys(), mask), 0)",
        "evaluation/test_test_time.py::test_rows_far_apart_have_masks_of_their_own",
    ),
    Wreck(
        "the spread under masks without what members disagree by",
        "evaluation/test_time.py",
        "np.sqrt((spreads**2).mean(axis=0) + means.var(axis=0))",
        "np.sqrt((spreads**2).mean(axis=0))",
        "evaluation/test_test_time.py::test_the_spread_of_a_mixture_is_that_of_all_its_draws",
    ),
)
