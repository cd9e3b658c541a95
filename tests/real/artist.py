"""What a newcomer does in Blender once the extension is installed, button after button; `newcomer.py` runs it.

`blender -b --python artist.py -- STEP OUT [PHOTO] [WHEELS] [MAKE_WITH]`. A step that does not hold raises, and Blender ends with code 1.
"""

import json
import math
import sys
from pathlib import Path
from typing import Any

import bpy
import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from measure import heaviest_image, measure, moved_by  # noqa: E402 - Blender does not look beside the script

doppel: Any = bpy.ops.doppel

KNEE = math.radians(60)
"""How far the left knee of the made-up motion bends by its end."""


def install(out: Path, photo: str, wheels: str, make_with: str) -> dict:
    """Install Runtime from the folder of wheels."""
    (name,) = [name for name in bpy.context.preferences.addons.keys() if name.endswith(".doppel")]  # noqa: SIM118 - modules by name
    bpy.context.preferences.addons[name].preferences.make_with = make_with
    assert not doppel.reconstruct.poll(), "Reconstruct can be pressed before there is a runtime"
    assert doppel.install_runtime(flavour="cpu", wheels=wheels) == {"FINISHED"}
    assert doppel.reconstruct.poll(), "Reconstruct cannot be pressed with the runtime installed"
    return {}


def reconstruct(out: Path, photo: str, *_: str) -> dict:
    """Reconstruct from Image, with a texture; the .blend is saved beside the files."""
    bpy.ops.wm.save_as_mainfile(filepath=str(out / "newcomer.blend"))
    assert doppel.reconstruct(filepath=photo, texture="1k") == {"FINISHED"}
    found = measure()
    assert (out / "doppel" / f"{Path(photo).stem}.npz").is_file(), "no file of the person beside the .blend"
    assert len(found["bones"]) == 24, found["bones"]
    assert found["triangles"] > 20_000, found
    assert found["images"] == [[1024, 1024]], found
    assert 1.4 < found["size"][2] < 2.1, f"a person {found['size'][2]:.2f} m tall"
    assert bpy.context.scene.camera, "the scene has no camera"
    assert bpy.context.scene.world, "the scene has no world"
    assert np.ptp(heaviest_image()) > 0.3, "the texture is one flat colour"
    bpy.ops.wm.save_mainfile()
    return found


def move(out: Path, *_: str) -> dict:
    """Apply Motion in the file as it was saved, then the exports of the motion's last frame."""
    bpy.ops.wm.open_mainfile(filepath=str(out / "newcomer.blend"))
    motion = bend_a_knee(out / "bend.npz")
    assert doppel.apply_motion(filepath=str(motion)) == {"FINISHED"}
    armature = next(thing for thing in bpy.context.scene.objects if thing.type == "ARMATURE")
    last = int(armature.animation_data.action.frame_range[1])
    assert last == 49, f"two seconds end on frame {last}"
    bent = {}
    for frame in (1, last):
        bpy.context.scene.frame_set(frame)
        bent[frame] = armature.pose.bones["left_knee"].matrix_basis.to_quaternion().angle
    assert abs(bent[1]) < 1e-3, bent
    assert abs(bent[last] - KNEE) < 1e-3, bent
    assert doppel.export(directory=str(out / "exports"), formats={"glb", "fbx"}) == {"FINISHED"}
    found = measure()
    found["moved"] = moved_by("left_elbow")
    bpy.ops.wm.save_mainfile()
    return found


def bend_a_knee(path: Path) -> Path:
    """A motion as AMASS writes it: 55 joints, Z up, 60 frames a second; within two seconds the left knee bends and the person sinks."""
    frames = np.linspace(0, 1, 121)
    poses = np.zeros((len(frames), 55, 3))
    poses[:, 0, 0] = math.pi / 2  # from SMPL's Y up to the file's Z up
    poses[:, 4, 0] = KNEE * frames
    travel = np.stack([0.2 * frames, -0.5 * frames, 0.95 - 0.05 * frames], axis=1)
    np.savez(path, poses=poses.reshape(len(frames), 165), trans=travel, betas=np.zeros(16), gender="neutral", mocap_framerate=60.0)
    return path


STEPS = {"install": install, "reconstruct": reconstruct, "move": move}

if __name__ == "__main__":
    step, folder, *words = sys.argv[sys.argv.index("--") + 1 :]
    answer = STEPS[step](Path(folder), *words)
    (Path(folder) / f"{step}.json").write_text(json.dumps(answer))
