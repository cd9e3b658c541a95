"""The documentation's turntable: the albedo is the Avatar's own colours, other worlds are brought to one brightness."""

import cv2
import numpy as np
import pytest


@pytest.fixture
def turntable():
    """The module, once Blender is there."""
    import examples.turntable

    return examples.turntable


@pytest.fixture
def studio(turntable, avatar, tmp_path):
    made = turntable.Studio(avatar.save(tmp_path / "walk.npz"), 45, 1)
    made.scene.cycles.use_denoising = False
    return made


def test_the_strip_shows_photo_albedo_and_lights(turntable, studio, avatar, photo):
    picture = turntable.strip(studio, photo, ("night",))
    assert picture.shape == (60 + 24, 45 * 5, 3)
    original, albedo, lit, night = (picture[:60, 45 * cell : 45 * (cell + 1)] for cell in range(4))
    assert (original == cv2.imread(str(photo))[0, 0]).all()
    backdrop = albedo[0, 0]
    person = np.abs(albedo.astype(int) - backdrop).max(axis=-1) > 3
    assert 0.02 < person.mean() < 0.5
    colours = np.unique(avatar.albedo, axis=0)[:, ::-1].astype(int)
    off = np.abs(albedo[person][:, None].astype(int) - colours[None]).max(axis=-1).min(axis=1)
    assert np.median(off) <= 2  # one ray a pixel: no blend of two colours but at the person's edge
    assert np.abs(lit[person].astype(int) - albedo[person]).mean() > 5
    assert np.abs(night[person].astype(int) - lit[person]).mean() > 2


def test_other_worlds_are_as_bright_as_each_other(turntable, part, studio):
    world = turntable.shipped_world("night")
    assert part("scene.world").fit_light(world)[0].mean() / (2 * np.sqrt(np.pi)) == pytest.approx(turntable.BRIGHT, rel=0.01)


def test_a_turn_of_the_person_keeps_the_camera(turntable, studio):
    """Half a turn shows another picture, a whole one the same."""
    front, back, again = (studio.picture(turn).astype(int) for turn in (0, 180, 360))
    assert np.abs(front - back).mean() > 1
    assert np.abs(front - again).mean() < 0.1
