"""Wrecks by which members share what is their own, or meet other rows, draws and settings than they should."""

from sabotage.wreck import Wreck

MEMBERS = (
    Wreck(
        "clipping over all members instead of each",
        "training/optimizers.py",
        "norms = torch.linalg.vector_norm(gradient, dim=1)",
        "norms = torch.linalg.vector_norm(gradient).expand(len(gradient))",
        "training/test_optimization.py::test_clipping_knows_no_other_member",
    ),
    Wreck(
        "learning rate shared between members",
        "training/optimizers.py",
        "rate = self.learning_rates().unsqueeze(1)",
        "rate = self.learning_rates()[:1].unsqueeze(1)",
        "training/test_optimization.py::test_members_with_their_own_settings_equal_one_torch_optimizer_each",
    ),
    Wreck(
        "decay on biases",
        "training/optimizers.py",
        "decay = self.rates.weight_decay.unsqueeze(1) * self._decayed",
        "decay = self.rates.weight_decay.unsqueeze(1)",
        "training/test_optimization.py::test_decay_acts_where_it_is_asked_to_and_nowhere_else",
    ),
    Wreck(
        "AdamW decays as Adam does",
        "training/optimizers.py",
        "OptimizerRow(_adam, 0.001, decoupled=True)",
        "OptimizerRow(_adam, 0.001)",
        "training/test_optimization.py::test_members_with_their_own_settings_equal_one_torch_optimizer_each",
    ),
    Wreck(
        "order of rows the same in each epoch",
        "data/batches.py",
        'randomness.fold_in(randomness.at(keys, "order"), epoch)',
        'randomness.fold_in(randomness.at(keys, "order"), 0)',
        "data/test_batches.py::test_every_epoch_deals_anew",
    ),
    Wreck(
        "masks from a global generator",
        "training/module.py",
        "keys = randomness.fold_in(population.keys, step)",
        "keys = torch.randint(2**31 - 1, population.keys.shape, dtype=torch.int32)",
        "training/test_population.py::test_the_same_fit_gives_the_same_bits",
    ),
    Wreck(
        "augmentation from a global generator",
        "data/augmentation/noise.py",
        'randomness.normal(randomness.at(keys, "noise"), tuple(rows.shape[1:]), rows.dtype)',
        "torch.randn(rows.shape, dtype=rows.dtype)",
        "data/test_augmentation.py::test_shape_is_kept_keys_decide_and_zero_is_off",
    ),
    Wreck(
        "augmentation drawn under the same key each step",
        "training/module.py",
        "augment(rows, population.strengths, keys, population.statistics)",
        "augment(rows, population.strengths, population.keys, population.statistics)",
        "training/test_steps.py::test_every_step_draws_and_augments_anew",
    ),
    Wreck(
        "masks drawn under the same key each step",
        "training/module.py",
        "outputs = population.network(matrix, buffers, rows, keys)",
        "outputs = population.network(self.matrix, buffers, rows, population.keys)",
        "training/test_steps.py::test_every_step_draws_and_augments_anew",
    ),
    Wreck(
        "augmentation applied in evaluation",
        "training/module.py",
        "rows, targets = self.data.gather(table.rows[:, part], self.rows_dtype)",
        "rows, targets = self.data.gather(table.rows[:, part], self.rows_dtype)\n"
        "            rows = augment(rows, population.strengths, population.keys, population.statistics)",
        "training/test_steps.py::test_the_inner_validation_loss_is_that_of_the_kept_weights_on_rows_as_they_are",
    ),
    Wreck(
        "padding counted among inner-validation rows",
        "training/module.py",
        "counted = table.weight[:, part]",
        "counted = torch.ones_like(table.weight[:, part])",
        "training/test_steps.py::test_the_inner_validation_loss_is_that_of_the_kept_weights_on_rows_as_they_are",
    ),
    Wreck(
        "dropout rate shared",
        "training/module.py",
        "outputs = population.network(matrix, buffers, rows, keys)",
        'shared = {name: value[:1].expand_as(value) for name, value in buffers.items() if name.endswith("rate")}\n'
        "        outputs = population.network(matrix, buffers | shared, rows, keys)",
        "training/test_population.py::test_members_with_settings_of_their_own_equal_members_alone",
    ),
    Wreck(
        "batch-norm running averages shared",
        "training/weights.py",
        "write_members(into, where, new[name])",
        'write_members(into, where, new[name] if name == "matrix" else new[name][:1].expand_as(new[name]))',
        "training/test_steps.py::test_the_inner_validation_loss_is_that_of_the_kept_weights_on_rows_as_they_are",
    ),
    Wreck(
        "one member's improvement lets all of them go on",
        "training/stopping.py",
        "torch.where(improved, 0, self.waited + 1)",
        "torch.where(improved.any(), 0, self.waited + 1)",
        "training/test_optimization.py::test_a_member_waits_for_an_improvement_of_its_own",
    ),
    Wreck(
        "compaction keeps the wrong optimizer rows",
        "training/optimizers.py",
        "state[name] = value[keep]",
        "state[name] = value[: len(keep)]",
        "training/test_optimization.py::test_those_who_go_on_after_compaction_go_on_as_themselves",
    ),
    Wreck(
        "best weights not kept, the last ones exported",
        "training/best_epochs.py",
        "self.kept.weights.write(where, weights.select(places))",
        "self.kept.weights.write(self._alive, weights)",
        "training/test_fit.py::test_the_best_epochs_weights_are_kept_not_the_last",
    ),
    Wreck(
        "averaged weights judged with the running averages of others",
        "training/averaging.py",
        "if self._row.measures_anew:",
        "if False:",
        "training/test_averaging.py::test_the_average_is_that_of_torch[swa]",
    ),
)
