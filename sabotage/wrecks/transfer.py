"""Wrecks of starting from trained weights and of standing still."""

from sabotage.wreck import Wreck

TRANSFER = (
    Wreck(
        "frozen layers pushed by their gradients",
        "training/descent.py",
        "self.matrix.grad.mul_(free)",
        "pass",
        "training/test_transfer.py::test_what_is_frozen_stays_bit_for_bit_and_what_is_not_moves",
    ),
    Wreck(
        "weight decay of frozen layers",
        "training/element_wise.py",
        "self._rates_of_elements(), self.elements.at(self.steps)",
        "self._rates_of_elements(), self.elements",
        "training/test_transfer.py::test_what_is_frozen_stays_bit_for_bit_and_what_is_not_moves",
    ),
    Wreck(
        "running averages of frozen layers that go on",
        "training/descent.py",
        "self._resting = network.batch_normalisations(transfer.frozen)",
        "self._resting = frozenset()",
        "training/test_transfer.py::test_what_is_frozen_stays_bit_for_bit_and_what_is_not_moves",
    ),
    Wreck(
        "the optimizer not begun anew at the unfreezing",
        "training/population_optimizer.py",
        "self._inner.state.clear()",
        "pass",
        "training/test_transfer.py::test_at_the_unfreezing_epoch_everything_moves_by_steps_of_usual_length",
    ),
    Wreck(
        "every member starting from the first",
        "model/start.py",
        "return self.members.index(own) if own in self.members else index % max(len(self.members), 1)",
        "return 0",
        "training/test_transfer.py::test_members_begin_with_their_own_repeat_and_fold_and_others_with_any",
    ),
    Wreck(
        "a start that has seen what is held out",
        "training/transfer.py",
        "problems += [*_leaks(start, schema, split), *_not_loaded(",
        "problems += [*_not_loaded(",
        "training/test_transfer.py::test_a_model_of_the_same_data_is_refused_unless_the_split_is_the_same",
    ),
    Wreck(
        "other weights under the same digest",
        "model/given.py",
        "return factory_source.hash_of_source(section) + start_source.hash_of_start(section)",
        "return factory_source.hash_of_source(section)",
        "training/test_transfer.py::test_other_weights_begin_a_training_anew",
    ),
)
