"""Wrecks by which a network learns, stops or is scored on rows that it must not have met."""

from sabotage.wreck import Wreck

LEAKAGE = (
    Wreck(
        "statistics fitted on all rows",
        "data/statistics.py",
        "fit_rows(dataset, split.rows(index, Role.TRAINING), section)",
        "fit_rows(dataset, np.arange(len(dataset.targets)), section)",
        "data/test_statistics.py::test_garbage_in_rows_held_out_changes_nothing",
    ),
    Wreck(
        "statistics fitted on training + inner validation",
        "data/statistics.py",
        "fit_rows(dataset, split.rows(index, Role.TRAINING), section)",
        "fit_rows(dataset, split.training_part(index), section)",
        "data/test_statistics.py::test_garbage_in_rows_held_out_changes_nothing",
    ),
    Wreck(
        "test rows given to training",
        "training/members.py",
        "RowTable.of([split.rows(index, role) for index in members])",
        "RowTable.of([(split.roles[index] <= role).nonzero()[0] for index in members])",
        "training/test_fit.py::test_the_scored_fold_and_the_test_set_change_nothing_that_is_fitted_or_chosen",
    ),
    Wreck(
        "the scored fold used to stop early",
        "training/members.py",
        "for role in (Role.TRAINING, Role.INNER_VALIDATION)",
        "for role in (Role.TRAINING, Role.SCORED)",
        "training/test_fit.py::test_the_scored_fold_and_the_test_set_change_nothing_that_is_fitted_or_chosen",
    ),
    Wreck(
        "a duplicate row on both sides of the test split",
        "data/splits/duplicates.py",
        "digest.update(content[place : place + width])",
        'digest.update(content[place : place + width].tobytes() + place.to_bytes(8, "little"))',
        "data/test_splits.py::test_equal_rows_have_equal_roles",
    ),
    Wreck(
        "the test set dealt anew as data grows",
        "data/splits/duplicates.py",
        'seed_of("test set", seed)',
        'seed_of("test set", seed, len(dataset.features))',
        "data/test_splits.py::test_a_row_never_changes_side_as_data_grows",
    ),
    Wreck(
        "groups parted by folds",
        "data/splits/making.py",
        "if kind.keeps_groups and dataset.groups is not None else None",
        'if kind.needs == "none" and dataset.groups is not None else np.arange(len(cluster))',
        "data/test_splits_of_each_kind.py::test_nothing_stands_on_two_sides[group]",
    ),
    Wreck(
        "rows learnt from in the gap before those that are scored",
        "data/splits/by_time.py",
        "learnt = usable & (known < start - section.gap)",
        "learnt = usable & (known < start)",
        "data/test_splits_by_time.py::test_the_gap_lies_before_what_is_scored_and_before_inner_validation",
    ),
    Wreck(
        "copies of a given test row learnt from",
        "data/splits/material.py",
        "return ~in_test[material.unit]",
        "return ~test",
        "data/test_splits_of_each_kind.py::test_a_given_test_set_is_the_test_set_and_its_copies_are_unused[random]",
    ),
    Wreck(
        "baselines fitted on rows later than all that the members learnt from",
        "evaluation/assess.py",
        "plan.append((split.learnt_rows(), held_out))",
        "plan.append((np.flatnonzero(split.roles[0] != Role.TEST), held_out))",
        "evaluation/test_assess_over_time.py::test_a_split_by_time_from_training_to_the_assessment",
    ),
    Wreck(
        "baselines fitted on another fold's rows",
        "evaluation/assess.py",
        "plan = [(split.training_part(index), ",
        "plan = [(split.training_part(index - 1), ",
        "evaluation/test_baselines.py::test_they_are_fitted_on_the_whole_training_part",
    ),
    Wreck(
        "statistics of other rows pass the check of trust",
        "evaluation/who_saw_what.py",
        "if saw.get(member.name) != sha256(",
        "if member.name not in saw and sha256(",
        "evaluation/test_who_saw_what.py::test_statistics_fitted_on_other_rows",
    ),
    Wreck(
        "class weights from all rows",
        "training/members.py",
        "[np.asarray(of_target.targets[split.rows(index, Role.TRAINING)]) for index in indices]",
        "[np.asarray(of_target.targets) for _ in indices]",
        "training/test_class_weights.py::test_a_member_is_judged_by_the_loss_weighted_as_its_own_training_rows_say",
    ),
    Wreck(
        "initial weights scaled on the scored fold",
        "training/members.py",
        "training = RowTable.of([split.rows(index, Role.TRAINING)])",
        "training = RowTable.of([split.rows(index, Role.SCORED)])",
        "model/test_initializers.py::test_lsuv_looks_at_no_other_rows",
    ),
    Wreck(
        "augmentation knows the range of all rows",
        "training/members.py",
        "measured(on, dataset, [split.rows(index, Role.TRAINING) for index in indices])",
        "measured(on, dataset, [np.arange(len(dataset.targets)) for _ in indices])",
        "training/test_augmented_training.py::test_augmentation_knows_a_members_own_training_rows_alone",
    ),
    Wreck(
        "running averages of averaged weights measured on inner validation",
        "training/module.py",
        "order = epoch_batches(self.data.training, self.data.keys, epoch, self.data.batch_size, self.data.steps)",
        "order = self.data.inner_validation.order(self.data.keys, epoch).unsqueeze(0)",
        "training/test_averaging.py::test_the_average_is_that_of_torch[swa]",
    ),
    Wreck(
        "the greedy selection sees test rows",
        "evaluation/additions.py",
        "counts = greedy_selection(np.concatenate(own, axis=1), np.concatenate(bench.truths), metric)",
        "everyone = np.broadcast_to(bench.test_rows, (len(own), len(bench.test_rows)))\n"
        "    seen = model.predict_snapshots(bench.features, everyone).mean(axis=0)\n"
        "    counts = greedy_selection(seen, bench.test_targets, metric)",
        "evaluation/test_additions.py::test_the_selection_never_sees_test_rows",
    ),
    Wreck(
        "the greedy selection told as if the folds could judge it",
        "evaluation/additions.py",
        "comparison=None if remark else self._comparison(metric, one, other),",
        "comparison=self._comparison(metric, one, other),",
        "evaluation/test_additions.py::"
        "test_greedy_selection_finds_the_good_snapshot_and_is_judged_on_the_test_set_alone",
    ),
)
