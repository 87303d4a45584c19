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
        "            stream.truncate(len(content))",
        "            pass",
        "training/test_resume.py::test_events_of_an_epoch_whose_checkpoint_is_missing_are_forgotten",
    ),
    Wreck(
        "two processes write one trail",
        "training/resume.py",
        "in_use(folder, fcntl.LOCK_EX)",
        "in_use(folder)",
        "training/test_trails.py::test_a_trail_is_for_one_process_at_a_time",
    ),
    Wreck(
        "a worker's death swallowed",
        "training/workers.py",
        'print("foldproof: a worker process died; its members go on from their last epoch", file=sys.stderr)',
        "continue",
        "training/test_workers.py::test_a_worker_that_dies_is_run_again_and_goes_on",
    ),
    Wreck(
        "workers that go on when a sink has raised",
        "training/workers.py",
        "pool.shutdown(kill_workers=True)",
        "pool.shutdown()",
        "training/test_workers.py::test_what_a_sink_raises_beside_workers_ends_them_at_once",
    ),
    Wreck(
        "events that a full disk kept from the calling process forgotten",
        "training/workers.py",
        "                followers[result.number].complete(result.events)\n",
        "",
        "training/test_workers.py::test_what_a_full_disk_keeps_out_of_the_logs_of_workers_is_told_all_the_same",
    ),
    Wreck(
        "a damaged log of events accepted",
        "training/resume.py",
        "self._checkpoints.newest(self._has_its_events)",
        "self._checkpoints.newest()",
        "training/test_resume.py::test_a_damaged_log_of_events_costs_epochs_and_no_figure[a figure-in_process-0]",
    ),
    Wreck(
        "a training cleared away while it runs",
        "unfinished.py",
        "            return False\n        shutil",
        "            pass\n        shutil",
        "training/test_resume.py::test_a_training_that_runs_is_not_cleared_away",
    ),
)
