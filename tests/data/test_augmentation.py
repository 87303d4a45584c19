"""The contract of every augmentation: shape, type and range are kept, keys alone decide, members and rows are apart."""

from dataclasses import replace

import pytest
import torch

from foldproof import randomness
from foldproof.config.augment import Augment
from foldproof.data.augmentation import AUGMENTATIONS, augment, mix, refuse_mixing_of_single_rows, strengths
from foldproof.data.augmentation.measures import MEASURES as MEASURE_TABLE
from foldproof.data.augmentation.table import MIXINGS, WARPS
from foldproof.errors import ConfigError
from tests.data.augmented import KEYS, MEASURES, ROWS, changed, dataset_of, kind_of, strength, usual

every_augmentation = pytest.mark.parametrize("name", AUGMENTATIONS)
together = pytest.mark.parametrize(
    "names",
    [("shift", "rotation", "scale", "shear"), ("shift", "noise"), ("mixup", "cutmix"), ("rotation", "crop", "mixup")],
    ids=lambda names: "+".join(names),
)
LEAVES_THE_RANGE = {"noise", "feature_noise", "word_dropout"}  # a code has no neighbours in size
BRINGS_IN_ZEROS = {*WARPS, "crop"}


def test_every_name_of_the_params_is_a_row_of_the_table() -> None:
    assert set(Augment.model_fields) == set(AUGMENTATIONS)
    assert {measure for row in AUGMENTATIONS.values() for measure in row.measures} == set(MEASURE_TABLE)


@every_augmentation
def test_shape_is_kept_keys_decide_and_zero_is_off(name: str) -> None:
    kind, on = kind_of(name), {name: strength(usual(name))}
    first = changed(on, kind=kind)
    assert first.shape == ROWS[kind].shape
    assert first.dtype == ROWS[kind].dtype
    assert torch.equal(first, changed(on, kind=kind))
    assert not torch.equal(first, changed(on, randomness.fold_in(KEYS, 1), kind)), "steps differ"
    assert torch.equal(changed({name: strength(0)}, kind=kind), ROWS[kind])


@every_augmentation
def test_members_and_rows_draw_apart(name: str) -> None:
    """The same rows for everybody, so that only the draws can differ."""
    kind = kind_of(name)
    same = ROWS[kind][:1, :1].expand_as(ROWS[kind]).clone()
    own = {measure: value[:1].expand_as(value) for measure, value in MEASURES[kind].items()}
    if name in MIXINGS:
        found = MIXINGS[name].own(same, strength(usual(name)), KEYS)
    else:
        found = augment(same, {name: strength(usual(name))}, KEYS, own)
    assert not torch.equal(found[0], found[1])
    assert any(not torch.equal(found[0, 0], found[0, row]) for row in range(1, found.shape[1]))


@every_augmentation
def test_a_member_draws_the_same_alone(name: str) -> None:
    kind, value = kind_of(name), strength(usual(name))
    alone = changed({name: value[1:2]}, kind=kind, members=slice(1, 2))
    assert torch.equal(changed({name: value}, kind=kind)[1:2], alone)


@together
def test_a_member_draws_the_same_alone_when_several_are_on(names: tuple[str, ...]) -> None:
    value = {name: strength(usual(name)) for name in names}
    alone = changed({name: one[1:2] for name, one in value.items()}, members=slice(1, 2))
    assert torch.equal(changed(value)[1:2], alone)


@every_augmentation
def test_members_have_their_own_strength(name: str) -> None:
    """Among them none: such a member keeps its rows exactly; another is what it would be in its own company."""
    kind, most = kind_of(name), usual(name)
    found = changed({name: strength(0, most, most / 2)}, kind=kind)
    assert torch.equal(found[0], ROWS[kind][0])
    assert torch.equal(found[1], changed({name: strength(most)}, kind=kind)[1])
    assert torch.equal(found[2], changed({name: strength(most / 2)}, kind=kind)[2])
    assert not torch.equal(found[1], ROWS[kind][1])


@together
def test_what_is_off_for_a_member_does_not_touch_it_in_company_of_others(names: tuple[str, ...]) -> None:
    """A member with the first alone, among members with all: the same up to the rounding of another resampling."""
    everyone = {
        name: strength(0 if place else usual(name), usual(name), usual(name)) for place, name in enumerate(names)
    }
    alone = changed({names[0]: strength(usual(names[0]))})
    assert torch.allclose(changed(everyone)[0], alone[0], rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "offset"),
    [(name, 0.0) for name in AUGMENTATIONS if name not in LEAVES_THE_RANGE]
    + [(name, 100.0) for name in AUGMENTATIONS if name not in LEAVES_THE_RANGE | BRINGS_IN_ZEROS],
)
def test_values_stay_in_the_range_of_the_training_rows(name: str, offset: float) -> None:
    """Wherever that lies: a range from 0, or one far from it."""
    kind, on = kind_of(name), {name: strength(usual(name) if usual(name) == 2 else 0.9)}
    measures = {measure: value + offset for measure, value in MEASURES[kind].items()}
    rows = ROWS[kind] + offset
    found, _ = mix(augment(rows, on, KEYS, measures), on, KEYS)
    assert found.min() >= min(rows.min(), measures.get("low", rows).min()) - 1e-12
    assert found.max() <= max(rows.max(), measures.get("high", rows).max()) + 1e-12


@every_augmentation
def test_single_precision_agrees_with_double(name: str) -> None:
    kind = kind_of(name)
    measures = {measure: value.float() for measure, value in MEASURES[kind].items()}
    on = {name: strength(usual(name)).float()}
    rows, _ = mix(augment(ROWS[kind].float(), on, KEYS, measures), on, KEYS)
    assert rows.dtype == torch.float32
    assert torch.allclose(rows.double(), changed({name: strength(usual(name))}, kind=kind), rtol=1e-4, atol=1e-3)


@every_augmentation
def test_mixed_precision_does_not_coarsen_what_networks_are_shown(name: str) -> None:
    kind = kind_of(name)
    measures = {measure: value.float() for measure, value in MEASURES[kind].items()}
    on = {name: strength(usual(name)).float()}

    def found() -> torch.Tensor:
        return mix(augment(ROWS[kind].float(), on, KEYS, measures), on, KEYS)[0]

    with torch.autocast("cpu", torch.bfloat16):
        coarse = found()
    assert torch.equal(coarse, found())


def test_nothing_on_is_nothing_done() -> None:
    assert augment(ROWS["image"], {}, KEYS, {}) is ROWS["image"]
    rows, mixed = mix(ROWS["image"], {"shift": strength(1)}, KEYS)
    assert rows is ROWS["image"]
    assert mixed is None


@every_augmentation
def test_it_is_refused_for_other_kinds_of_rows(name: str) -> None:
    other = dataset_of("table" if kind_of(name) == "image" else "image").schema
    section = Augment.model_validate({name: usual(name) if usual(name) == 0.5 else int(usual(name))})
    assert strengths(section, dataset_of(kind_of(name)).schema) == {name: usual(name)}
    if other.kind not in AUGMENTATIONS[name].kinds:
        with pytest.raises(
            ConfigError, match=rf"augment\.{name}: found {usual(name):g}, legal: 0 for {other.kind} rows"
        ):
            strengths(section, other)


def test_all_that_does_not_fit_is_told_at_once() -> None:
    grey = replace(dataset_of("image").schema, shape=(1, 6, 8))
    with pytest.raises(ConfigError) as caught:
        strengths(Augment(crop=7, colour=0.1, feature_noise=0.5, shift=6), grey)
    told = caught.value.problems
    assert len(told) == 3
    for start in (
        "augment.crop: found 7, legal: at most 6, the pixels of",
        "augment.colour: found 0.1, legal: 0 for images with 1 channel(s)",
        "augment.feature_noise: found 0.5, legal: 0 for image rows",
    ):
        assert any(problem.startswith(start) for problem in told), told


def test_mixing_needs_another_row_in_the_batch() -> None:
    chosen = {"shift": 1.0, "mixup": 0.2, "cutmix": 1.0}
    refuse_mixing_of_single_rows(chosen, 2)
    refuse_mixing_of_single_rows({"shift": 1.0}, 1)
    with pytest.raises(ConfigError, match=r"augment\.mixup: found 0\.2, legal with train\.batch_size 1: 0") as caught:
        refuse_mixing_of_single_rows(chosen, 1)
    assert len(caught.value.problems) == 2


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here")
def test_a_gpu_changes_rows_as_a_cpu_does() -> None:
    for name in AUGMENTATIONS:
        kind = kind_of(name)
        measures = {measure: value.cuda() for measure, value in MEASURES[kind].items()}
        on, keys = {name: strength(usual(name)).cuda()}, KEYS.cuda()
        rows, _ = mix(augment(ROWS[kind].cuda(), on, keys, measures), on, keys)
        wanted = changed({name: strength(usual(name))}, kind=kind)
        assert torch.allclose(rows.cpu(), wanted, rtol=0, atol=1e-5), name
