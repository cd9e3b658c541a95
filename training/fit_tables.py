"""The tables of the fit's figures, as docs/RESULTS.md shows them."""

import numpy as np

from training.results import how_made

STRAIGHT = 12.0
"""Degrees; a knee less bent than this counts as straight: between the joints of the open body at rest there are ten."""
TURNED = 35.0
"""Degrees from which someone counts as turned from the camera."""
NAMES = {
    "landmarks": "BlazePose's landmarks",
    "optimisation": "plain optimisation: 2D, 3D, priors",
    "lifter": "lifter alone",
    "+ landmarks": "+ 2D landmarks",
    "+ contact": "+ 2D landmarks and feet on the ground (not taken)",
    "+ outline": "+ 2D landmarks and outline",
    "+ picture": "+ all nearer to the picture, depth held (the product)",
}
GROUPS = {
    "ordinary poses": lambda one: one["kind"] != "mocap",
    "motion clips": lambda one: one["kind"] == "mocap",
    "ordinary, frontal": lambda one: one["kind"] != "mocap" and one["yaw"] < TURNED,
    "ordinary, turned": lambda one: one["kind"] != "mocap" and one["yaw"] >= TURNED,
    "ordinary, adults": lambda one: one["kind"] != "mocap" and not one["child"],
    "ordinary, children": lambda one: one["kind"] != "mocap" and one["child"],
    "ordinary, composed": lambda one: one["kind"] != "mocap" and one["family"] == "composed",
    "ordinary, artist-made": lambda one: one["kind"] != "mocap" and one["family"] == "artist",
}
"""Who is averaged apart."""


def people_tables(rows: list[dict]) -> str:
    """Every method on ordinary poses and on motion clips; then the product's own on every group."""
    found = [one for one in rows if one["found"]]
    parts = []
    for title in ("ordinary poses", "motion clips"):
        group = [one for one in found if GROUPS[title](one)]
        if group:
            parts.append(f"{title.capitalize()}, {len(group)} people:\n\n{methods_table(group)}")
    last = list(NAMES)[-1]
    lines = [
        f"| {title} | {len(group)} | {_means(group, last)} |" for title, rule in GROUPS.items() if (group := list(filter(rule, found)))
    ]
    parts.append("The product's fit, apart:\n\n| | people | " + HEADER + " |\n|---|---" + RULE + "|\n" + "\n".join(lines))
    seconds = [one["methods"][last]["seconds"] for one in found]
    parts.append(
        f"Found: {len(found)} of {len(rows)} people. "
        f"Processor seconds per fit: {np.median(seconds):.2f} median, {max(seconds):.2f} at most. " + shape_words(found, last)
    )
    return "\n\n".join(parts)


HEADER = (
    "root, cm | worst | PA, cm | depth, cm | 2D of height | straight knees, ° | skin PA, cm | silhouette IoU | root of rig's joints, cm"
)
RULE = "|---" * 9


def methods_table(group: list[dict]) -> str:
    """The methods' means over a group of people."""
    lines = [f"| {title} | {_means(group, name)} |" for name, title in NAMES.items()]
    return "| | " + HEADER + " |\n|---" + RULE + "|\n" + "\n".join(lines)


def _means(group: list[dict], method: str) -> str:
    of = [one["methods"][method] for one in group]

    def mean(key: str, form: str) -> str:
        return format(np.mean([one[key] for one in of]), form) if key in of[0] else "–"

    worst = max(one["root_cm"] for one in of)
    figures = [mean("root_cm", ".1f"), f"{worst:.1f}", mean("pa_cm", ".1f"), mean("depth_cm", ".1f"), mean("picture", ".3f")]
    figures += [knees(group, method), mean("surface_cm", ".1f"), mean("silhouette_iou", ".3f"), mean("rig_cm", ".1f")]
    return " | ".join(figures)


def knees(group: list[dict], method: str) -> str:
    """By how much straight knees come out more bent than they are."""
    true = np.array([one["knees"] for one in group]).ravel()
    fitted = np.array([one["methods"][method]["knees"] for one in group]).ravel()
    straight = true < STRAIGHT
    return f"{(fitted - true)[straight].mean():+.1f} ({straight.sum()})" if straight.any() else "–"


def shape_words(found: list[dict], method: str) -> str:
    """How far the body's proportions are off, in a sentence."""
    of = [one["methods"][method] for one in found]
    names = ("shoulders", "hips", "arms", "legs")
    off = 100 * np.abs([one["lengths"] for one in of]).mean(axis=0)
    parts = [f"{name} {value:.1f} %" for name, value in zip(names, off, strict=True)]
    parts.append(f"the trunk's girth {100 * np.mean([abs(one['girth']) for one in of]):.1f} %")
    return f"Against the trunk's length these are off by: {', '.join(parts)}."


def photo_table(rows: list[dict]) -> str:
    """Every real photo in a table, and the mean."""
    lines = ["| photo | joints seen | 2D of height | silhouette IoU | processor seconds |", "|---|---|---|---|---|"]
    found = [one for one in rows if one["found"]]
    for one in rows:
        if one["found"]:
            facts = f"{one['joints_seen']} | {one['picture']:.3f} | {one['silhouette_iou']:.3f} | {one['seconds']:.2f}"
            lines.append(f"| {one['photo']} | {facts} |")
        else:
            lines.append(f"| {one['photo']} | nobody found | | | |")
    if found:
        means = [np.mean([one[key] for one in found]) for key in ("picture", "silhouette_iou", "seconds")]
        lines.append(f"| **mean** | | **{means[0]:.3f}** | **{means[1]:.3f}** | {means[2]:.2f} |")
    return "\n".join(lines)


EXPLAINED = (
    "The yardstick's validation people (`training/held_out.toml`), photographed by Cycles. Twelve limb joints (shoulders, elbows, wrists, "
    "hips, knees, ankles) of the open body inside the person, mean distance. *root*: both bodies' mid-hip at the origin, the estimate "
    "scaled by the one factor that brings it nearest (least squares); *worst*: of one photograph. *PA*: after Procrustes alignment. "
    "*depth*: the "
    "part of *root* along the camera's axis. *2D of height*: distance in the picture over the standing height there. *straight knees*: how "
    f"much more bent than in truth knees under {STRAIGHT:.0f}° come out (and how many they are). *skin PA*: mean distance of the body's "
    "vertices after Procrustes alignment. *silhouette*: the body's, bare, against the dressed person's. *rig's joints*: as *root*, against "
    "the joints of the person's own rig, which in artist-made people are not SMPL's. BlazePose's landmarks are not joint centres, which is "
    "part of their rows' error."
)
EXPLAINED_PHOTOS = (
    "Projected joints against the landmarks seen (visibility at least 0.5), over the fitted body's standing height; the body's silhouette "
    "against the person's mask, clothes and all."
)


def report(people: list[dict], photos: list[dict]) -> str:
    """The section of RESULTS.md."""
    parts = ["## The fit of the body to one photo", how_made("training.evaluate_fit")]
    if people:
        parts += ["### People never seen, rendered photographs", people_tables(people), EXPLAINED]
    if photos:
        parts += ["### Real photos", photo_table(photos), EXPLAINED_PHOTOS]
    return "\n\n".join(parts)
