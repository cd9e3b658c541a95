"""Every option once. Blender's properties, the command line and the worker's request are all made from this table."""

from dataclasses import dataclass

from .errors import SettingInvalid


@dataclass(frozen=True)
class Choice:
    name: str
    label: str
    tooltip: str


@dataclass(frozen=True)
class Setting:
    """One option. `choices` for a word, `several` where more than one of them may be given, `minimum`/`maximum` for a whole number."""

    name: str
    label: str
    tooltip: str
    default: str | int
    choices: tuple[Choice, ...] = ()
    several: bool = False
    minimum: int | None = None
    maximum: int | None = None

    def checked(self, value: str | int) -> str | int:
        """The value itself, or SettingInvalid with what would be accepted."""
        if self.choices:
            return self._checked_word(str(value))
        try:
            number = int(value)
        except (TypeError, ValueError):
            raise SettingInvalid(f"{self.label}: “{value}” is not a whole number") from None
        if not self.minimum <= number <= self.maximum:
            raise SettingInvalid(f"{self.label}: {number} is outside {self.minimum} … {self.maximum}")
        return number

    def _checked_word(self, value: str) -> str:
        known = [choice.name for choice in self.choices]
        words = value.split(",") if self.several else [value]
        for word in words:
            if word not in known:
                raise SettingInvalid(f"{self.label}: “{word}” is not known", f"Known are: {', '.join(known)}.")
        return ",".join(dict.fromkeys(words))


PEOPLE = Setting(
    "people",
    "People",
    "Which people of the photo to reconstruct",
    "largest",
    (Choice("largest", "Largest", "The person who fills most of the photo"), Choice("all", "All", "Everyone who is found")),
)
SURFACE = Setting(
    "surface",
    "Surface",
    "What the mesh is",
    "clothed",
    (
        Choice("clothed", "Clothed", "The person as dressed: clothes and hair as geometry, colour freed from light, and the photo's light"),
        Choice("body", "Body Only", "The fitted body itself, clothes as colour on its skin, under a neutral light: quicker"),
    ),
)
QUALITY = Setting(
    "quality",
    "Quality",
    "How fine the surface is",
    "standard",
    (
        Choice("draft", "Draft", "192 cells along the person's height: quickest"),
        Choice("standard", "Standard", "320 cells: half a centimetre for an adult"),
        Choice("high", "High", "512 cells: finest shape and colour, larger files"),
    ),
)
TRIANGLES = Setting(
    "triangles",
    "Triangles",
    "About how many triangles the clothed surface may have: 0 keeps all, fewer than 1,000 are taken as 1,000. Body Only keeps its own mesh",
    0,
    minimum=0,
    maximum=2_000_000,
)
TEXTURE = Setting(
    "texture",
    "Texture",
    "Whether to unwrap the surface and paint it with the photo's own pixels, and how large",
    "none",
    (
        Choice("none", "None", "One colour per vertex"),
        Choice("1k", "1k", "1024 × 1024 pixels: about 4 mm each on a grown person"),
        Choice("2k", "2k", "2048 × 2048 pixels: about 2 mm each"),
        Choice("4k", "4k", "4096 × 4096 pixels: about 1 mm each, for large photos; files of some 20 MB"),
    ),
)
DEVICE = Setting(
    "device",
    "Device",
    "What computes",
    "auto",
    (
        Choice("auto", "Automatic", "A GPU where there is one that works, else the processor"),
        Choice("cuda", "CUDA", "An NVIDIA GPU"),
        Choice("mps", "Metal", "An Apple GPU"),
        Choice("cpu", "CPU", "The processor"),
    ),
)
SEX = Setting(
    "sex",
    "Body",
    "Which body model the person is fitted with",
    "neutral",
    (
        Choice("neutral", "Neutral", "Between female and male; fits anyone"),
        Choice("female", "Female", "The female body model"),
        Choice("male", "Male", "The male body model"),
    ),
)
FORMATS = Setting(
    "formats",
    "Formats",
    "Which files to write",
    "npz",
    (
        Choice("npz", "Avatar (.npz)", "Everything, as plain arrays"),
        Choice("glb", "glTF (.glb)", "Rigged mesh for the web and game engines"),
        Choice("obj", "OBJ", "Mesh in the photo's pose, no rig; a texture lies beside it"),
        Choice("blend", "Blender (.blend)", "The whole scene"),
        Choice("fbx", "FBX", "Rigged mesh in the photo's pose for Maya and others"),
        Choice(
            "unity", "Unity", "FBX of a character: T pose, Unity's bone names, centimetres in the data, levels of detail in the one file"
        ),
        Choice("unreal", "Unreal", "The same with the mannequin's bone names under a bone “root”"),
        Choice("mixamo", "Mixamo", "The same with Mixamo's bone names, for its motions"),
        Choice("usd", "USD (.usdz)", "Rigged mesh with its textures in one archive"),
    ),
    several=True,
)
SEED = Setting("seed", "Seed", "Start of the random numbers: the same seed gives the same result", 0, minimum=0, maximum=2**31 - 1)

WORKERS = Setting(
    "workers", "Workers", "How many photos to work on at once: 0 is as many as memory and processor allow", 0, minimum=0, maximum=256
)
EARLIER = Setting(
    "earlier",
    "Earlier Results",
    "What becomes of photos that an earlier run into this folder has done",
    "keep",
    (
        Choice("keep", "Keep", "Whole files made of the same photo with the same settings, weights and version are kept, the rest is made"),
        Choice("replace", "Replace", "Everything is made anew"),
    ),
)

LODS = Setting(
    "lods",
    "Levels of Detail",
    "Lighter copies besides the full surface, each with a quarter of the triangles of the last",
    0,
    minimum=0,
    maximum=3,
)

RUN_SETTINGS = (WORKERS, EARLIER)
"""How a batch is run: they change nothing of what is made."""

SETTINGS = (PEOPLE, SURFACE, QUALITY, TRIANGLES, TEXTURE, DEVICE, SEX, FORMATS, SEED)


def checked_settings(values: dict[str, str | int]) -> dict[str, str | int]:
    """All settings by name: those given, checked, and the defaults of the rest. An unknown name is SettingInvalid."""
    unknown = sorted(set(values) - {setting.name for setting in SETTINGS})
    if unknown:
        raise SettingInvalid(f"There is no setting “{unknown[0]}”", f"Known are: {', '.join(s.name for s in SETTINGS)}.")
    return {setting.name: setting.checked(values.get(setting.name, setting.default)) for setting in SETTINGS}
