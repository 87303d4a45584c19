"""What programs say is shown without what must stay secret."""

import pytest

from foldproof.retraining.programs import complaint


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("fatal: cannot access 'https://me:p@ssw@host/x.git/'", "fatal: cannot access 'https://***@host/x.git/'"),
        ("error: GET https://host/x?token=t1&sig=s%2F2: 403", "error: GET https://host/x?*** 403"),
        ("error: 'https://host/x?X-Amz-Signature=s1' is no more", "error: 'https://host/x?***' is no more"),
        ("error: is it there? https://host/x", "error: is it there? https://host/x"),
        ("ERROR: bad key AKIA/s3cr3t+key", "ERROR: bad key ***"),
        ("ERROR: bad key AKIA%2Fs3cr3t%2Bkey", "ERROR: bad key ***"),
        ("fatal: hunter2hunter2 is refused on main", "fatal: *** is refused on main"),
    ],
)
def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, said: str, shown: str) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "AKIA/s3cr3t+key")
    monkeypatch.setenv("my_password", "hunter2hunter2")
    monkeypatch.setenv("KEY_OF_THE_CACHE", "main")
    assert complaint(said) == shown


def test_the_lines_that_name_an_error_are_shown_and_others_where_there_is_none() -> None:
    assert complaint("Fetching\nERROR: no room\n\n") == "ERROR: no room"
    assert complaint("Fetching\nno room") == "Fetching\nno room"
    assert complaint("") == "it ended without a word"
