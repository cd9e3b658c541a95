"""Everything that can go wrong for a user: one class each, a sentence that says what, a hint that says what to do.

The kind (the class's name) is what travels: worker messages and report.json carry kind, text and hint, and `from_kind` makes the
same error again on the other side of the process boundary.
"""

from typing import ClassVar


class DoppelError(Exception):
    """An error a user can act on. `str(error)` is the sentence; `error.hint` says what to do next."""

    default_hint: ClassVar[str] = ""

    def __init__(self, text: str, hint: str | None = None):
        super().__init__(text)
        self.hint = self.default_hint if hint is None else hint

    @property
    def kind(self) -> str:
        return type(self).__name__


class NoPersonFound(DoppelError):
    default_hint = "Use a photo in which one person is large, upright and mostly visible."


class PhotoUnreadable(DoppelError):
    default_hint = "Open the file in an image viewer; if it shows, save it again as JPEG or PNG."


class PhotoTooLarge(DoppelError):
    default_hint = "Scale the photo down, or crop it to the person."


class FolderNotWritable(DoppelError):
    default_hint = "Choose an output folder you may write to, and check that the disk has room."


class WeightsMissing(DoppelError):
    default_hint = "Run `make weights` in a checkout, or install the extension's zip again."


class WeightsCorrupt(DoppelError):
    default_hint = "Delete the file and run `make weights`, or install the extension's zip again."


class BodyFileInvalid(DoppelError):
    default_hint = "Point to an SMPL model as its makers distribute it: SMPL_NEUTRAL.pkl or .npz, 24 joints."


class FieldNotFinite(DoppelError):
    default_hint = "Try another photo or the quality `draft`; if it happens again, restore the weights and report it."


class EmptySurface(DoppelError):
    default_hint = "Use a photo in which the person is large and clearly set off from what is behind."


class MotionUnreadable(DoppelError):
    default_hint = "Use an AMASS or SMPL motion (.npz), or a .bvh whose joints have one of the usual namings."


class PhotoPoseMissing(DoppelError):
    default_hint = "Load the person's Avatar file again: armatures of this version keep it."


class AvatarInvalid(DoppelError):
    default_hint = "Reconstruct the photo again with this version."


class RuntimeMissing(DoppelError):
    default_hint = (
        "Press Install Runtime, or run `blender --command doppel setup`; or set Python Runtime in the add-on's preferences, or "
        "DOPPEL_PYTHON, to a Python that has Doppel's packages."
    )


class OnlineAccessOff(DoppelError):
    default_hint = "Allow it in Preferences, System, Network: Allow Online Access; or choose a folder of wheels to install from."


class NetworkUnreachable(DoppelError):
    default_hint = "Check the connection and press the button again: what was installed already is kept."


class PackageUnavailable(DoppelError):
    default_hint = "Check Package Index, Torch Index and Wheels Folder in the add-on's preferences; empty they are pip's own."


class DiskFull(DoppelError):
    default_hint = "Make room on that disk and press the button again; the CPU build is the smallest."


class InstallFailed(DoppelError):
    default_hint = "Press Repair Runtime to try again; the log says more."


class BlenderMissing(DoppelError):
    default_hint = "Install `bpy` beside the other packages, or set DOPPEL_BLENDER to a Blender program; .npz needs neither."


class DeviceUnavailable(DoppelError):
    default_hint = "Choose the device `auto` or `cpu`."


class OutOfMemory(DoppelError):
    default_hint = "Choose the quality `draft`, close other programs, or use a smaller photo."


class AlreadyRunning(DoppelError):
    default_hint = "Wait for the other job to end, cancel it, or choose another output folder."


class Cancelled(DoppelError):
    default_hint = "Nothing was changed. Start again when you like."


class WorkerCrashed(DoppelError):
    default_hint = "The log file beside the request says more; please attach it to a bug report."


class SettingInvalid(DoppelError):
    default_hint = "See the option's description for what it takes."


class Unexpected(DoppelError):
    """Any exception nobody foresaw, wrapped so that it still reaches the user as a sentence."""

    default_hint = "This is a bug in Doppel; please report it with the log file."


def from_kind(kind: str, text: str, hint: str) -> DoppelError:
    """The error a message names. A kind this version does not know becomes `Unexpected`."""
    known = {cls.__name__: cls for cls in DoppelError.__subclasses__()}
    return known.get(kind, Unexpected)(text, hint)
