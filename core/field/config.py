"""Sizes of the field's network, in one place. A checkpoint carries its configuration, and loads into no other."""

from dataclasses import asdict, dataclass, fields

from ..errors import WeightsCorrupt

CONDITIONINGS = ("none", "nearest", "volume", "both")
"""How the field knows the body: not at all (PHORHUM), by the nearest body point, by PaMIR's voxel volume, or by both."""


@dataclass(frozen=True)
class FieldConfig:
    """picture: pixels a side of what the encoder reads; widths: channels from half the picture's side downwards, each half the last;
    features: channels of the feature map, at half the side; fine: channels of the full-resolution head; hidden, layers: of the MLP;
    fourier: octaves of the rest coordinates; conditioning: one of CONDITIONINGS; body_maps: the body as image channels;
    read_maps: the field reads the predicted normals and depths; volume: cells a side of the voxels; volume_width: their channels;
    blocks: residual blocks at each of the encoder's levels but the finest, which has one; detail: channels of the head that reads the photo
    at twice the picture's size, 0 for none."""

    picture: int = 256
    widths: tuple[int, ...] = (24, 48, 80, 128, 192)
    features: int = 40
    fine: int = 16
    hidden: int = 160
    layers: int = 6
    fourier: int = 4
    conditioning: str = "nearest"
    body_maps: bool = True
    read_maps: bool = True
    volume: int = 32
    volume_width: int = 16
    blocks: int = 2
    detail: int = 32

    def __post_init__(self) -> None:
        if self.conditioning not in CONDITIONINGS:
            raise ValueError(f"conditioning is one of {', '.join(CONDITIONINGS)}, not {self.conditioning!r}")
        if self.picture % 2 ** len(self.widths):
            raise ValueError(f"picture must be a multiple of {2 ** len(self.widths)}, not {self.picture}")

    @property
    def half(self) -> int:
        """Pixels a side of the feature map."""
        return self.picture // 2

    @property
    def uses_nearest(self) -> bool:
        return self.conditioning in ("nearest", "both")

    @property
    def uses_volume(self) -> bool:
        return self.conditioning in ("volume", "both")


SIZES = {
    "tiny": FieldConfig(picture=128),
    "small": FieldConfig(),
    "base": FieldConfig(picture=512, widths=(48, 96, 160, 256, 320, 384), features=96, fine=32, hidden=384, layers=8, volume=64, detail=48),
}


def to_dict(config: FieldConfig) -> dict:
    """The configuration as JSON takes it."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(config).items()}


def from_dict(values: dict) -> FieldConfig:
    """The configuration a file names. WeightsCorrupt where it names something this version does not know, or lacks something."""
    names = {field.name for field in fields(FieldConfig)}
    if set(values) != names:
        odd = ", ".join(sorted(set(values) ^ names))
        raise WeightsCorrupt(f"The field's weights are of another version: their configuration differs in {odd}")
    try:
        return FieldConfig(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    except (TypeError, ValueError) as error:
        raise WeightsCorrupt(f"The field's weights name a configuration that cannot be: {error}") from error
