"""Wrecks by which a training that was killed goes on with the wrong thing, or a worker's trouble is lost."""

from sabotage.wreck import Wreck

RESUMING = (
    Wreck(
        "resume with the optimizer's state forgotten",
        "training/module.py",
        'self.optimizer_of_population.restore(self.found.group("optimizer"), self.found.facts["steps"])',
        'self.optimizer_of_population.steps = self.found.facts["steps"]',
        "training/test_resume.py::test_killed_at_every_epoch_and_resumed_is_straight_through[adam]",
    ),
    Wreck(
        "resumed epochs counted from 0",
        "training/best_epochs.py",
        "epoch = module.data.first_epoch + trainer.current_epoch",
        "epoch = trainer.current_epoch",
        "training/test_resume.py::test_killed_at_every_epoch_and_resumed_is_straight_through[sgd]",
    ),
    Wreck(
        "resume keyed without the params",
        "training/resume.py",
        '[section.model_dump(mode="json") for section in sections]',
        "[]",
        "training/test_resume.py::test_a_changed_param_begins_anew",
    ),
    Wreck(
        "resume keyed without the rows of the split",
        "training/resume.py",
        "split.roles.tobytes(), ",
        "",
        "training/test_trails.py::test_the_digest_follows_everything_that_shapes_a_training",
    ),
    Wreck(
        "a damaged checkpoint accepted",
        "training/checkpoints.py",
        'if path.name.endswith(f"-{_checksum(content)}.safetensors"):',
        "if content:",
        "training/test_resume.py::test_a_damaged_checkpoint_is_passed_over[flipped]",
    ),
    Wreck(
        "events of a lost epoch told again",
        "training/event_log.py",
        '        with path.open("ab") as stream:\n            stream.truncate(length)',
        "        path.touch()",
        "training/test_resume.py::test_events_of_an_epoch_whose_checkpoint_is_missing_are_forgotten",
    ),
    Wreck(
        "two processes write one trail",
        "training/resume.py",
        "fcntl.flock(stream, fcntl.LOCK_EX)",
        "fcntl.flock(stream, fcntl.LOCK_UN)",
        "training/test_trails.py::test_a_trail_is_for_one_process_at_a_time",
    ),
    Wreck(
        "a worker's death swallowed",
        "training/workers.py",
        'print("foldproof: a worker process died; its members go on from their last epoch", file=sys.stderr)',
        "continue",
        "training/test_resume.py::test_a_worker_that_dies_is_run_again_and_goes_on",
    ),
    Wreck(
        "what a sink raises beside workers swallowed",
        "training/workers.py",
        "    if problems:\n        raise problems[0]\n",
        "",
        "training/test_resume.py::test_what_a_sink_raises_beside_workers_is_raised",
    ),
    Wreck(
        "the newest checkpoint removed, not the oldest",
        "training/checkpoints.py",
        "self._newest_first()[KEPT:]",
        "self._newest_first()[:-KEPT]",
        "training/test_resume.py::test_the_last_two_checkpoints_are_kept_and_read_back",
    ),
    Wreck(
        "the newest training removed, not the oldest",
        "training/resume.py",
        "for path in others[KEPT_TRAININGS - 1 :]:",
        "for path in others[: 1 - KEPT_TRAININGS]:",
        "training/test_resume.py::test_only_three_trainings_are_kept",
    ),
    Wreck(
        "resume with the mass of the average forgotten",
        "training/averaging.py",
        'self._mass = tensors["mass"].to(device)',
        'self._mass = torch.zeros_like(tensors["mass"])',
        "training/test_averaging.py::test_killed_at_every_epoch_and_resumed_is_straight_through[ema-snapshots0]",
    ),
    Wreck(
        "resume with a rate that fell on a plateau as it was",
        "training/best_epochs.py",
        "self._restore(module.found)\n            module.scale_learning_rates(self._plateau.factor)\n",
        "self._restore(module.found)\n",
        "training/test_plateaus_in_fits.py::test_killed_at_every_epoch_and_resumed_is_straight_through",
    ),
)
