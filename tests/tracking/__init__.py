"""Tests of the record: journal, mirror, companion process, sync."""
