"""The order of rows: each member's own rows, each once an epoch, dealt anew every epoch, padding never before a row."""

import numpy as np
import torch
from scipy import stats

from foldproof import randomness
from foldproof.data.batches import RowTable, epoch_batches

LISTS = [np.arange(0, 40), np.arange(100, 137)]
TABLE = RowTable.of(LISTS)
KEYS = torch.stack([randomness.key_of(0, 0, fold) for fold in range(2)])


def test_an_order_holds_each_row_once_and_padding_last() -> None:
    order = TABLE.order(KEYS, 3)
    for member, rows in enumerate(LISTS):
        assert sorted(order[member, : len(rows)].tolist()) == rows.tolist()
    assert set(order[1, len(LISTS[1]) :].tolist()) == {LISTS[1][0]}


def test_every_epoch_deals_anew() -> None:
    orders = [TABLE.order(KEYS, epoch) for epoch in range(300)]
    for member, rows in enumerate(LISTS):
        assert len({tuple(order[member].tolist()) for order in orders}) == len(orders)
        places = [order[member].tolist().index(rows[-1]) for order in orders]
        counts = np.bincount(places, minlength=len(rows))
        assert stats.chisquare(counts).pvalue > 1e-3, "a row comes early as often as late"


def test_rows_left_over_come_back_in_later_epochs() -> None:
    batches = torch.stack([epoch_batches(TABLE, KEYS, epoch, 16, 2) for epoch in range(20)])
    assert batches.shape == (20, 2, 2, 16)
    for member, rows in enumerate(LISTS):
        assert set(batches[:, :, member].flatten().tolist()) == set(rows.tolist())
        for epoch in batches[:, :, member].flatten(1):
            assert len(set(epoch.tolist())) == 32, "no row twice in an epoch"
