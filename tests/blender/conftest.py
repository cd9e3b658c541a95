"""The Blender tier: the zip is built, installed into a clean bpy for real, and every test imports what was installed.

bpy can be started once per process, so all of this tier shares one. The user folder must be known before bpy is imported.
"""

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]
USER_FOLDER = Path(tempfile.mkdtemp(prefix="doppel-test-user-"))
os.environ["BLENDER_USER_RESOURCES"] = str(USER_FOLDER)
os.environ.pop("DOPPEL_PYTHON", None)

import bpy  # noqa: E402 - the user folder first

PACKAGE = "bl_ext.user_default.doppel"


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config):
    """End here with pytest's own status: on its way out bpy may wait for ever for a thread of its own that closes files."""
    status = config.stash.get(STATUS, None)
    if status is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(status))


STATUS = pytest.StashKey[int]()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    session.config.stash[STATUS] = exitstatus


def blender_ext(*arguments: str) -> subprocess.CompletedProcess:
    """Blender's own extension builder, which needs no Blender program."""
    script = Path(bpy.utils.system_resource("SCRIPTS")) / "addons_core" / "bl_pkg" / "cli" / "blender_ext.py"
    return subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True, check=False)


@pytest.fixture(name="blender_ext", scope="session")
def blender_ext_fixture():
    return blender_ext


@pytest.fixture(scope="session")
def extension_zip(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("zip") / "doppel.zip"
    built = blender_ext("build", "--source-dir", str(ROOT), "--output-filepath", str(path))
    assert path.is_file(), built.stdout + built.stderr
    return path


@pytest.fixture(scope="session", autouse=True)
def installed(extension_zip):
    """The extension, installed and enabled as a user would; the name of its package."""
    bpy.ops.extensions.package_install_files(filepath=str(extension_zip), repo="user_default", enable_on_install=True)
    assert PACKAGE in bpy.context.preferences.addons
    yield PACKAGE
    shutil.rmtree(USER_FOLDER, ignore_errors=True)


@pytest.fixture
def part(installed):
    """Imports a module of the installed extension: part("scene.person")."""
    return lambda name: importlib.import_module(f"{PACKAGE}.{name}")


@pytest.fixture(autouse=True)
def empty_scene(installed):
    """Every test starts in Blender's factory file without objects."""
    bpy.ops.wm.read_homefile(use_empty=True, use_factory_startup=True)


REST_JOINTS = {
    "pelvis": (0, 0, 0),
    "left_hip": (0.07, -0.09, 0),
    "right_hip": (-0.07, -0.09, 0),
    "spine1": (0, 0.11, -0.02),
    "left_knee": (0.11, -0.47, 0),
    "right_knee": (-0.11, -0.47, 0),
    "spine2": (0, 0.25, -0.02),
    "left_ankle": (0.1, -0.87, -0.03),
    "right_ankle": (-0.1, -0.87, -0.03),
    "spine3": (0, 0.3, 0),
    "left_foot": (0.13, -0.93, 0.09),
    "right_foot": (-0.13, -0.93, 0.09),
    "neck": (0, 0.52, -0.03),
    "left_collar": (0.08, 0.42, -0.02),
    "right_collar": (-0.08, 0.42, -0.02),
    "head": (0, 0.6, 0.02),
    "left_shoulder": (0.18, 0.45, -0.02),
    "right_shoulder": (-0.18, 0.45, -0.02),
    "left_elbow": (0.44, 0.44, -0.05),
    "right_elbow": (-0.44, 0.44, -0.05),
    "left_wrist": (0.69, 0.45, -0.04),
    "right_wrist": (-0.69, 0.45, -0.04),
    "left_hand": (0.77, 0.44, -0.05),
    "right_hand": (-0.77, 0.44, -0.05),
}
"""A made-up T pose, metres, body frame."""


def linear_blend(points, joints, weights, pose, rest_joints, translation, joint_transforms):
    """Linear blend skinning as SMPL defines it, vertex by vertex: slow and obvious."""
    transforms = joint_transforms(pose, rest_joints)
    posed = []
    for point, numbers, shares in zip(points, joints, weights, strict=True):
        blended = sum(share * transforms[number] for number, share in zip(numbers, shares, strict=True))
        posed.append((blended @ [*point, 1])[:3] + translation)
    return np.array(posed)


@pytest.fixture
def pose_points(part):
    """Skins points with core.skeleton: (points, joints, weights, pose, rest_joints, translation) -> points."""
    return lambda *arguments: linear_blend(*arguments, part("core.skeleton").joint_transforms)


@pytest.fixture
def random_pose():
    """An SMPL pose (24, 3) of up to a half turn per joint, and a translation (3,)."""

    def make(seed: int):
        random = np.random.default_rng(seed)
        return random.normal(size=(24, 3)) * 0.6, random.normal(size=3)

    return make


@pytest.fixture
def avatar(part, pose_points, random_pose):
    """A person of one tube per bone, four random skin weights per vertex, in a random pose, seen by an off-centre camera."""
    return made_up_avatar(part, pose_points, random_pose)


def made_up_avatar(part, pose_points, random_pose):
    random = np.random.default_rng(0)
    rest_joints = np.array(list(REST_JOINTS.values()), dtype=np.float32)
    rest, faces, owners = tubes(part("core.skeleton").PARENTS, rest_joints)
    others = random.integers(0, 24, size=(len(rest), 3))
    weights = random.dirichlet((8, 1, 1, 1), size=len(rest)).astype(np.float32)
    joints = np.column_stack([owners, others])
    pose, translation = random_pose(0)
    pose = pose * 0.4
    posed = pose_points(rest, joints, weights, pose, rest_joints, translation)
    translation = translation - [0, posed[:, 1].min(), 0]
    posed = pose_points(rest, joints, weights, pose, rest_joints, translation)
    return part("core.avatar").Avatar(
        vertices=posed,
        faces=faces,
        albedo=random.integers(0, 256, size=(24, 3))[owners],
        rest_vertices=rest,
        skin_joints=joints,
        skin_weights=weights,
        joints=part("core.skeleton").posed_joints(pose, rest_joints) + translation,
        rest_joints=rest_joints,
        pose=pose,
        betas=np.zeros(10),
        translation=translation,
        body_vertices=posed * 0.98,
        body_faces=faces,
        light=np.eye(9, 3) + np.full((9, 3), 0.5),
        camera_intrinsics=(1500, 1500, 410, 555),
        camera_rotation=part("core.camera").UPRIGHT @ part("core.skeleton").rotation_matrices(np.array([0.1, -0.3, 0.05])),
        camera_translation=(0.3, 0.8, 4.0),
        image_size=(900, 1200),
        meta={"photo": "walk.png"},
    )


def tubes(parents, joints):
    """A closed tube of eight sides round every bone: vertices, triangles, and the joint each vertex hangs on."""
    vertices, faces, owners = [], [], []
    angles = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    for joint, parent in enumerate(parents):
        start, end = joints[max(parent, 0)], joints[joint] if parent >= 0 else joints[joint] + [0, 0.05, 0]
        along = (end - start) / np.linalg.norm(end - start)
        side = np.cross(along, [0.3, 0.5, 0.8])
        side /= np.linalg.norm(side)
        first = len(vertices)
        for share in (0, 0.5, 1):
            vertices += [start + share * (end - start) + 0.05 * (np.cos(a) * side + np.sin(a) * np.cross(along, side)) for a in angles]
        vertices += [start, end]
        faces += [(first + 8 * ring + k, first + 8 * ring + (k + 1) % 8, first + 8 * ring + 8 + k) for ring in (0, 1) for k in range(8)]
        faces += [
            (first + 8 * ring + (k + 1) % 8, first + 8 * ring + 8 + (k + 1) % 8, first + 8 * ring + 8 + k)
            for ring in (0, 1)
            for k in range(8)
        ]
        faces += [(first + (k + 1) % 8, first + k, first + 24) for k in range(8)]
        faces += [(first + 16 + k, first + 16 + (k + 1) % 8, first + 25) for k in range(8)]
        owners += [max(parent, 0)] * 26
    return np.array(vertices), np.array(faces), np.array(owners)


STAND_IN = """
import json, shutil, sys, time
from pathlib import Path

def say(message, **values):
    print(json.dumps({"message": message, **values}), flush=True)

def work(request, out):
    pass
%s

kept = not sys.argv[-1].endswith(".json")
path = sys.argv[-2 if kept else -1]
while path:
    request = json.load(open(path))
    work(request, Path(request["out"]))
    path = kept and sys.stdin.readline().strip()
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Puts a program in the worker's place: the lines given to it run in a bare Python that knows `request`, `out` and `say`, and again for
    each request where the process is kept."""

    def make(lines: str) -> None:
        script, program = tmp_path / "stand_in.py", tmp_path / "stand-in"
        script.write_text(STAND_IN % textwrap.indent(lines, "    "))
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
        program.chmod(0o755)
        monkeypatch.setenv("DOPPEL_PYTHON", str(program))

    return make


@pytest.fixture
def worker_that_makes(stand_in, avatar, tmp_path):
    """Puts a worker in place that makes the made-up person of any photo, after some progress; the Avatar's path."""
    made = avatar.save(tmp_path / "made.npz")

    def make(**photo_report) -> None:
        stand_in(
            f"""
say("progress", stage="Finding people", fraction=0.25)
out.mkdir(parents=True, exist_ok=True)
photo = request["photos"][0]
file = out / (request["names"] or [Path(photo).stem])[0]
file = file.with_name(file.name + ".npz")
shutil.copy({str(made)!r}, file)
result = dict(photo=photo, status="done", seconds={{}}, files=[str(file)], error=None, warnings=[])
result |= json.loads({json.dumps(photo_report)!r})
report = Path(request["report"] or out / "report.json")
report.write_text(json.dumps(dict(photos=[result], version="0")))
say("photo", photo=result)
say("progress", stage="Making the rig", fraction=0.9)
say("done", report=str(report))
"""
        )

    return make


def census() -> dict[str, int]:
    """How many datablocks of each kind the file holds."""
    kinds = [prop.identifier for prop in bpy.data.bl_rna.properties if prop.type == "COLLECTION"]
    return {kind: len(getattr(bpy.data, kind)) for kind in kinds}


@pytest.fixture(name="census")
def census_fixture():
    return census


@pytest.fixture
def photo(tmp_path, avatar):
    """A picture of the size the made-up person's camera has; its path."""
    image = bpy.data.images.new("made", *avatar.image_size.tolist())
    image.filepath_raw, image.file_format = str(tmp_path / "walk.png"), "PNG"
    image.save()
    bpy.data.images.remove(image)
    return tmp_path / "walk.png"


@pytest.fixture
def state(part):
    """The panels' state, idle and without an outcome before and after."""
    state = part("operators.job").STATE
    state.job, state.outcome, state.recent = None, part("operators.job").Outcome(), []
    yield state
    state.stop()
    state.removal = None
    state.outcome = part("operators.job").Outcome()
