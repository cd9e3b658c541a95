"""Hair that the photo does not show has the colour of the hair that it shows.

What is hair the network tells well, in the photo and behind; of the colour behind it is less sure, and its mean of dark hair and bare skin
is no colour anybody's hair has.
"""

import numpy as np
import torch
from jaxtyping import Float
from numpy import ndarray
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ..field.encoder import HAIR
from ..field.network import Answer, Encoded

SURE = 0.7
"""Share of hair in a pixel's labels from which its colour counts as hair's."""

FEW = 40
"""Pixels of the feature map that a middle colour wants."""


def seen_hair(encoded: Encoded) -> Float[ndarray, "3"] | None:
    """The middle colour, sRGB 0..1, of what the photo surely shows of hair; None where that is too little."""
    hair = encoded.maps.label_front[0].softmax(dim=0)[HAIR]
    inside = avg_pool2d(encoded.picture.photo[:, 3:], 2)[0, 0]
    colours = avg_pool2d(encoded.photo_albedo, 2)[0][:, (hair > SURE) & (inside > 0.99)]
    return colours.median(dim=1).values.double().cpu().numpy() if colours.shape[1] >= FEW else None


def with_hair(answer: Answer, hair: Float[ndarray, "3"] | None) -> Float[ndarray, "N 3"]:
    """An answer's albedo (sRGB 0..1) for points that the photo does not show, as far as they are hair in the colour of the hair."""
    albedo = answer.albedo[0]
    if hair is None:
        return albedo.cpu().numpy()
    share: Tensor = answer.label[0].softmax(dim=-1)[:, HAIR : HAIR + 1]
    return torch.lerp(albedo, torch.as_tensor(np.float32(hair), device=albedo.device).expand_as(albedo), share).cpu().numpy()
