"""Other colours for a pack person: each of the clothes' colours moved to another, skin to another shade, hair to another colour.

Clothes are split into a few colours by clustering in Lab (pixels between two colours are shared, so borders stay soft); skin and hair are
scaled in linear light, as another pigment would, towards colours people have. Folds, seams and features stay.
"""

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator

from core.surface.view import to_linear, to_srgb
from training.people.atlas import Atlas

SKINS = np.array([[228, 192, 172], [222, 180, 154], [208, 164, 134], [184, 136, 104], [150, 104, 76], [112, 76, 56], [78, 53, 42]]) / 255
"""Mean albedos of people's skin from pale to dark, sRGB."""
HAIRS = np.array([[24, 20, 18], [48, 34, 26], [82, 56, 38], [122, 88, 56], [176, 140, 90], [120, 60, 34], [150, 148, 145]]) / 255
"""Hair: black, browns, blonds, red, grey; sRGB."""
COLOURS = 4
"""Into how many colours the clothes are split."""
KEPT = 0.2
"""Share of people whose clothes stay as they are; uniforms keep theirs more often."""
HUE = 0.4
"""Of the change of a skin's hue that is made: hands are redder than faces, and a hue right for the one would turn the other green."""
BRIGHTEST = 0.9
"""Linear light that the brightest hundredth of the skin and hair stays below: no skin is as white as paper."""


def recoloured(rng: Generator, atlas: Atlas) -> tuple[ndarray, dict]:
    """A new texture (T, T, 3) uint8 sRGB for the person, and what was changed, for the records."""
    texture, facts = atlas.texture, {}
    uniform = atlas.person.name.split("_")[0] in ("Fire", "Military", "Police", "Medical", "Pilot", "Security")
    if rng.random() > (0.5 if uniform else KEPT) and atlas.cloth.any():
        texture = retinted(rng, texture, atlas.cloth / np.float32(255))
        facts["clothes"] = "retinted"
    if atlas.skin.any() and not np.isnan(atlas.skin_lab).any():
        texture, shade = tinted(texture, atlas.skin, sample_skin(rng, middle_colour(atlas.texture, atlas.skin)), HUE)
        facts["skin"] = [round(float(value), 3) for value in shade]
    if atlas.hair.any() and rng.random() < 0.7:
        texture, shade = tinted(texture, atlas.hair, sample_hair(rng))
        facts["hair"] = [round(float(value), 3) for value in shade]
    return texture, facts


# --- clothes ----------------------------------------------------------------------------------------------------------------------


def retinted(rng: Generator, texture: ndarray, cloth: ndarray) -> ndarray:
    """The texture with each of the clothes' colours moved. cloth: (T, T) 0..1."""
    lab = cv2.cvtColor(texture.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    centres = palette(rng, lab[cloth > 0.5])
    targets = np.stack([sample_cloth(rng, centre) if rng.random() < 0.8 else centre for centre in centres])
    moved = np.array(lab)
    where = cloth > 0.003
    moved[where] = moved_colours(lab[where], centres, targets)
    rgb = np.clip(255 * cv2.cvtColor(moved, cv2.COLOR_LAB2RGB), 0, 255)
    return np.uint8(np.round(texture + cloth[..., None] * (rgb - texture)))


def palette(rng: Generator, colours: ndarray, rounds: int = 8) -> ndarray:
    """Up to COLOURS clothes' colours (K, 3), Lab, by k-means on a sample; lightness counts half, as folds vary it."""
    sample = colours[rng.integers(len(colours), size=4000)].astype(np.float64) * [0.5, 1, 1]
    centres = sample[rng.integers(len(sample), size=1)]
    for _ in range(COLOURS - 1):  # each next one far from those there are
        apart = np.linalg.norm(sample[:, None] - centres, axis=2).min(axis=1)
        centres = np.concatenate([centres, sample[[np.argsort(apart)[int(0.98 * len(apart))]]]])
    for _ in range(rounds):
        nearest = np.linalg.norm(sample[:, None] - centres, axis=2).argmin(axis=1)
        centres = np.stack([sample[nearest == k].mean(axis=0) if (nearest == k).any() else centres[k] for k in range(COLOURS)])
    return centres * [2, 1, 1]


def sample_cloth(rng: Generator, colour: ndarray) -> ndarray:
    """Another Lab (3,) for cloth of this one: greys, navies, browns more than loud ones; light may become dark and the other way round."""
    lightness = np.clip(colour[0] + rng.normal(0, 12) if rng.random() < 0.6 else rng.uniform(14, 88), 10, 92)
    chroma = abs(rng.normal(0, 9)) if rng.random() < 0.5 else rng.uniform(10, 52)
    hue = rng.uniform(0, 2 * np.pi)
    return np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])


def moved_colours(colours: ndarray, centres: ndarray, targets: ndarray) -> ndarray:
    """Lab colours (N, 3) moved as the centres (K, 3) near them move to targets (K, 3); lightness is scaled, so folds stay as deep."""
    apart = np.linalg.norm((colours[:, None] - centres.astype(np.float32)) * np.float32([0.5, 1, 1]), axis=2)
    weight = np.exp(-0.5 * ((apart - apart.min(axis=1, keepdims=True)) / 6.0) ** 2 * 2)
    weight /= weight.sum(axis=1, keepdims=True)
    gain = weight @ np.clip((targets[:, 0] + 6) / (centres[:, 0] + 6), 0.15, 5.0)
    light = (colours[:, 0] + 6) * gain - 6
    mean_light = weight @ targets[:, 0]
    light = mean_light + np.clip(light - mean_light, -35, 35)
    return np.column_stack([np.clip(light, 1, 97), colours[:, 1:] + weight @ (targets - centres)[:, 1:]]).astype(np.float32)


# --- skin and hair ----------------------------------------------------------------------------------------------------------------


def tinted(texture: ndarray, share: ndarray, colour: ndarray, hue: float = 1.0) -> tuple[ndarray, ndarray]:
    """The texture with what `share` (T, T) uint8 marks scaled in linear light, so that its median is the sRGB colour (3,) 0..1 or as near
    as BRIGHTEST allows; and that colour. hue: how much of the change of hue is made; of lightness all is."""
    where = share > 0
    gain = to_linear(colour) / np.maximum(to_linear(middle_colour(texture, share)), 2e-3)
    lighter = np.exp(np.log(gain).mean())
    gain = lighter * (gain / lighter) ** hue
    linear = to_linear(texture[where] / 255.0)
    gain = np.clip(gain, 0.05, 8.0) * min(1.0, BRIGHTEST / (np.percentile(linear[share[where] > 200], 99, axis=0) * gain).max())
    scaled = linear * (1 + (share[where] / 255.0)[:, None] * (gain - 1))
    made = np.array(texture)
    made[where] = np.round(255 * to_srgb(np.clip(scaled, 0, 1)))
    return made, colour


def middle_colour(texture: ndarray, share: ndarray) -> ndarray:
    """Median sRGB (3,), 0..1, of what the share (T, T) uint8 marks wholly."""
    return np.median(texture[share > 200], axis=0) / 255.0


def sample_skin(rng: Generator, colour: ndarray) -> ndarray:
    """Another skin's sRGB (3,): some steps lighter or darker on the way through SKINS, with a little of the person's own hue."""
    place = np.abs(to_linear(SKINS) - to_linear(colour)).sum(axis=1).argmin() + rng.normal(0, 1.1)
    place = np.clip(place, 0, len(SKINS) - 1)
    on_way = np.array([np.interp(place, np.arange(len(SKINS)), SKINS[:, channel]) for channel in range(3)])
    return np.clip(on_way * np.exp(rng.normal(0, 0.02, 3)), 0.1, 0.95)


def sample_hair(rng: Generator) -> ndarray:
    """A hair colour, sRGB (3,): between two of HAIRS, dark ones more often."""
    first, second = rng.choice(len(HAIRS), size=2, p=[0.25, 0.22, 0.19, 0.12, 0.1, 0.04, 0.08])
    mix = rng.uniform(0, 0.5)
    return (1 - mix) * HAIRS[first] + mix * HAIRS[second]
