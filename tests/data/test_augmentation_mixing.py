"""Mixtures of rows and of their targets, by formula; shares against scipy's beta distribution."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats

from foldproof import randomness
from foldproof.data.augmentation import Mix, mix
from foldproof.data.augmentation.mixing import cutmix
from tests.data.augmented import BATCH, KEYS, MEMBERS, ROWS, images, strength

IMAGES = ROWS["image"]


def mixed(rows: torch.Tensor, **alpha: torch.Tensor) -> tuple[torch.Tensor, Mix]:
    found, how = mix(rows, alpha, KEYS)
    assert how is not None
    return found, how


def partners(rows: torch.Tensor, how: Mix) -> torch.Tensor:
    return torch.stack([own[places] for own, places in zip(rows, how.partner, strict=True)])


@pytest.mark.parametrize("kind", ["image", "table"])
def test_mixup_is_the_formula(kind: str) -> None:
    rows = ROWS["image" if kind == "image" else "table"]
    found, how = mixed(rows, mixup=strength(0.4))
    share = how.share.reshape(*how.share.shape, *(1,) * (rows.dim() - 2))
    assert torch.allclose(found, share * rows + (1 - share) * partners(rows, how), rtol=0, atol=1e-12)


def test_each_row_is_partner_once_and_pairs_differ_from_step_to_step() -> None:
    _, how = mixed(IMAGES, mixup=strength(1))
    assert all(sorted(line) == list(range(BATCH)) for line in how.partner.tolist())
    _, next_step = mix(IMAGES, {"mixup": strength(1)}, randomness.fold_in(KEYS, 1))
    assert next_step is not None
    assert not torch.equal(how.partner, next_step.partner)
    assert not torch.equal(how.partner[0], how.partner[1])


def test_shares_of_mixup_are_drawn_from_beta() -> None:
    rows = torch.zeros(MEMBERS, 4000, 1, dtype=torch.float64)
    alphas = (0.2, 1.0, 5.0)
    _, how = mixed(rows, mixup=strength(*alphas))
    for shares, alpha in zip(how.share, alphas, strict=True):
        assert stats.kstest(shares.numpy(), stats.beta(alpha, alpha).cdf).pvalue > 1e-3


def test_cutmix_pastes_a_box_and_its_share_is_what_is_left_of_the_area() -> None:
    rows = images(rows=200)
    found, how = mixed(rows, cutmix=strength(1))
    others = partners(rows, how)
    own = (found == rows).all(2).numpy()
    pasted = (found == others).all(2).numpy()
    alone = (how.partner == torch.arange(200)).numpy()
    assert (own | pasted).all(), "every pixel is the row's own or its partner's"
    np.testing.assert_allclose(how.share.numpy()[~alone], own.mean(axis=(2, 3))[~alone], atol=1e-12)
    box = ~own[~alone]
    assert (box.sum(axis=(1, 2)) == box.any(axis=2).sum(axis=1) * box.any(axis=1).sum(axis=1)).all(), "a rectangle"


def test_boxes_of_cutmix_have_the_drawn_area_before_the_edge_cuts_them_off() -> None:
    rows = torch.zeros(MEMBERS, 600, 1, 50, 50, dtype=torch.float64)
    box = 1 - cutmix(rows, strength(1), KEYS)[:, :, 0]
    tall, wide = (box.amax(axis).sum(-1) for axis in (3, 2))
    edge = torch.cat([box[..., 0, :], box[..., -1, :], box[..., 0], box[..., -1]], -1)
    whole = (edge.sum(-1) == 0) & (tall > 0)
    assert whole.sum() > 200
    assert torch.equal(tall[whole], wide[whole]), "of the image's form"
    area = 1 - randomness.symmetric_beta(randomness.at(KEYS, "cutmix"), (600,), strength(1))
    assert torch.equal(torch.floor(50 * area.sqrt())[whole], tall[whole])


def test_with_both_on_each_row_meets_one_of_them_as_often_as_the_other() -> None:
    rows = images(rows=1000)
    found, how = mixed(rows, mixup=strength(1, 1, 1), cutmix=strength(1, 1, 0))
    others = partners(rows, how)
    pasted = ((found == rows) | (found == others)).all(dim=(2, 3, 4))
    for member in (0, 1):
        assert stats.binomtest(int(pasted[member].sum()), 1000, 0.5).pvalue > 1e-3
    assert pasted[2].sum() <= 3, "a member without cutmix meets mixup alone, but for rows that are their own partners"


def test_the_loss_is_cross_entropy_of_the_mixed_target() -> None:
    _, how = mixed(IMAGES, mixup=strength(0.4))
    draws = np.random.Generator(np.random.Philox(2))
    outputs = torch.from_numpy(draws.normal(size=(MEMBERS, BATCH, 5)))
    targets = torch.from_numpy(draws.integers(0, 5, (MEMBERS, BATCH)))

    def loss(wanted: torch.Tensor) -> torch.Tensor:
        return F.cross_entropy(outputs.flatten(0, 1), wanted.flatten(), reduction="none").reshape(wanted.shape)

    onehot = F.one_hot(targets, 5).double()
    share = how.share.unsqueeze(-1)
    soft = share * onehot + (1 - share) * partners(onehot, how)
    wanted = F.cross_entropy(outputs.flatten(0, 1), soft.flatten(0, 1), reduction="none").reshape(MEMBERS, BATCH)
    assert torch.allclose(how.of(loss, targets), wanted, rtol=1e-12)


def test_the_gradient_of_squared_errors_is_that_of_the_mixed_number() -> None:
    _, how = mixed(IMAGES, mixup=strength(0.4))
    draws = np.random.Generator(np.random.Philox(3))
    outputs = torch.from_numpy(draws.normal(size=(MEMBERS, BATCH))).requires_grad_()
    targets = torch.from_numpy(draws.normal(size=(MEMBERS, BATCH)))
    how.of(lambda wanted: (outputs - wanted).square(), targets).sum().backward()
    number = how.share * targets + (1 - how.share) * partners(targets, how)
    assert outputs.grad is not None
    assert torch.allclose(outputs.grad, 2 * (outputs.detach() - number), rtol=1e-10)
