"""Wrecks by which a file is seen half-written, a figure is lost or told twice, or two runs write at once."""

from sabotage.wreck import Wreck

DURABILITY = (
    Wreck(
        "fsync of the content removed from write_whole",
        "reproducibility.py",
        "os.fsync(stream.fileno())",
        "pass",
        "test_reproducibility.py::test_content_is_durable_before_its_name_and_the_name_before_the_return",
    ),
    Wreck(
        "fsync of the folder removed from write_whole",
        "reproducibility.py",
        "    sync_folder(target.parent)\n",
        "",
        "test_reproducibility.py::test_content_is_durable_before_its_name_and_the_name_before_the_return",
    ),
    Wreck(
        "rename left out, written in place",
        "reproducibility.py",
        "beside.replace(target)",
        "target.write_bytes(beside.read_bytes())",
        "test_reproducibility.py::test_whoever_reads_the_old_file_goes_on_reading_the_old_file",
    ),
    Wreck(
        "a checkpoint named before its events are durable",
        "training/event_log.py",
        "os.fsync(stream.fileno())",
        "pass",
        "training/test_trails.py::test_events_are_durable_before_the_checkpoint_that_counts_them",
    ),
    Wreck(
        "the end of a stage not durable in the journal",
        "tracking/journal.py",
        "            os.fsync(self._file)",
        "            pass",
        "tracking/test_journal.py::test_what_must_last_is_durable_and_the_rest_waits_for_nobody",
    ),
    Wreck(
        "the journal skipped for a metric",
        "tracking/scribe.py",
        'self.journal.append("metrics", {"member": key, "step": step, "values": plain})',
        'step == 0 or self.journal.append("metrics", {"member": key, "step": step, "values": plain})',
        "tracking/test_recorder.py::test_the_stages_of_a_pipeline_write_one_run",
    ),
    Wreck(
        "journal checksum not verified",
        "tracking/journal.py",
        'if sealed is None or sealed["checksum"] != _checksum(sealed["content"]):',
        "if sealed is None:",
        "tracking/test_journal.py::test_damage_in_the_middle_names_file_and_line",
    ),
    Wreck(
        "the mirror's cursor not advanced",
        "tracking/mirror.py",
        "Cursor(self._address, self._run.id, sequence).save(self.path)",
        "pass",
        "tracking/test_mirror.py::test_everything_arrives_and_again_adds_nothing",
    ),
    Wreck(
        "a point sent again though MLflow holds it",
        "tracking/senders.py",
        "[point for point in points if not run.holds(point.name, point.step)]",
        "points",
        "tracking/test_mirror.py::test_a_journal_that_was_lost_and_written_anew_adds_no_point",
    ),
    Wreck(
        "the lock not taken, two writers",
        "writer.py",
        "fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if _patient() else fcntl.LOCK_NB))",
        "fcntl.flock(descriptor, fcntl.LOCK_UN)",
        "commands/test_writer.py::test_what_a_stale_or_cut_file_says_does_not_matter",
    ),
)
