"""The published networks at their published sizes: shapes, what each point reads, and that they learn."""

import numpy as np
import pytest
import torch

from core.field.volume import CHANNELS, EXTENT
from training.baselines.hourglass import STACKS, WIDTH, StackedHourglass
from training.baselines.pamir import CELLS, VOLUME_WIDTH, BodyEncoder, PaMIR
from training.baselines.pifu import NEURONS, PICTURE, Decoder, PIFu

INTRINSICS = torch.tensor([[512.0, 512, 256, 256]])
PELVIS = torch.tensor([[0.0, 0, 3]])


def points(count=50, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, count, 3, generator=generator) * 0.3 + PELVIS


def small_encoder():
    return StackedHourglass(stacks=2, width=128, depth=2)


def test_pifu_has_its_published_sizes():
    """The decoder's neurons (257, 1024, 512, 256, 128, 1), each layer after the first reading the 257 again; 256 channels at 128²."""
    network = PIFu()
    widths = [(layer.in_features, layer.out_features) for layer in network.decoder.layers]
    assert widths == [(257, 1024), (1024 + 257, 512), (512 + 257, 256), (256 + 257, 128), (128 + 257, 1)]
    with torch.no_grad():
        features = network.encode(torch.zeros(1, 3, PICTURE, PICTURE))
    assert [tuple(each.shape) for each in features] == [(1, WIDTH, 128, 128)] * STACKS


def test_pamir_has_its_published_sizes():
    network = PaMIR()
    assert network.decoder.layers[0].in_features == WIDTH + VOLUME_WIDTH
    with torch.no_grad():
        assert network.body_encoder(torch.zeros(1, CHANNELS, CELLS, CELLS, CELLS)).shape == (1, VOLUME_WIDTH, 32, 32, 32)


def test_a_point_reads_its_own_pixel_and_its_depth():
    """Features changed where no point lands change nothing; a point moved along its ray keeps its features and changes its answer."""
    torch.manual_seed(0)
    network = PIFu(small_encoder())
    features = torch.randn(1, 128, 128, 128)
    x = torch.tensor([[[0.0, 0, 3], [0.3, 0.3, 3.0]]])
    first = network.query(features, x, INTRINSICS, PELVIS)
    other = features.clone()
    other[:, :, :50] += 5  # rows above both points
    torch.testing.assert_close(network.query(other, x, INTRINSICS, PELVIS), first)
    other[:, :, 60:68, 60:68] += 5
    changed = network.query(other, x, INTRINSICS, PELVIS)
    assert changed[0, 0] != first[0, 0]
    assert changed[0, 1] == first[0, 1]
    farther = network.query(features, x * 1.1, INTRINSICS, PELVIS)
    assert (farther != first).all()


def test_pamir_reads_the_body_where_the_point_is():
    torch.manual_seed(0)
    network = PaMIR(small_encoder())
    features, body = torch.randn(1, 128, 128, 128), torch.randn(1, VOLUME_WIDTH, 32, 32, 32)
    x = PELVIS[:, None] + torch.tensor([[[0.5, 0, 0], [-0.5, 0, 0]]]) * EXTENT
    first = network.query(features, body, x, INTRINSICS, PELVIS)
    other = body.clone()
    other[..., 16:] += 3  # the half to the camera's right
    changed = network.query(features, other, x, INTRINSICS, PELVIS)
    assert changed[0, 0] != first[0, 0]
    assert changed[0, 1] == first[0, 1]


@pytest.mark.parametrize("kind", ["pifu", "pamir"])
def test_they_learn(kind):
    """A few steps on one picture bring the occupancy's error down, through every stack and both encoders."""
    torch.manual_seed(0)
    network = PIFu(small_encoder()) if kind == "pifu" else PaMIR(small_encoder())
    image, x = torch.randn(1, 3, 128, 128), points(200)
    truth = (x[..., 2] < 3).float()
    volume = torch.randn(1, CHANNELS, 32, 32, 32)
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    losses = []
    for _ in range(8):
        found = network(image, x, INTRINSICS, PELVIS) if kind == "pifu" else network(image, volume, x, INTRINSICS, PELVIS)
        loss = sum(torch.nn.functional.mse_loss(each.sigmoid(), truth) for each in found)
        optimizer.zero_grad()
        loss.backward()
        assert all(parameter.grad is not None for parameter in network.parameters())
        optimizer.step()
        losses.append(loss.item())
    assert len(found) == 2
    assert losses[-1] < 0.8 * losses[0]


def test_the_decoder_is_the_papers_formula():
    """Against the layers written out."""
    torch.manual_seed(0)
    decoder = Decoder(7, (5, 4, 1))
    told = torch.randn(3, 7)
    first, second, third = decoder.layers
    one = torch.nn.functional.leaky_relu(first(told))
    two = torch.nn.functional.leaky_relu(second(torch.cat([one, told], -1)))
    torch.testing.assert_close(decoder(told), third(torch.cat([two, told], -1))[:, 0])
    assert NEURONS[-1] == 1


def test_the_body_encoder_sees_the_whole_body():
    """Its coarsest scale carries what is at one end of the volume to a good part of it."""
    torch.manual_seed(0)
    encoder = BodyEncoder()
    volume = torch.zeros(1, CHANNELS, 64, 64, 64)
    other = volume.clone()
    other[:, :, :8] = 3
    with torch.no_grad():
        change = (encoder(other) - encoder(volume)).abs().amax(dim=(0, 1, 3, 4))
    assert np.argmax(change.numpy()) < 4
    assert (change > 0).all()
