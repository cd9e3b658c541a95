"""Makes the body model and synthetic people whose truth is known, trains on them, and measures. Never in the released zip.

    open_body            the open body from MakeHuman's base mesh: weights/body_*.npz
    makehuman            MakeHuman's files: base mesh, targets, rig, garments; a population of bodies
    people               the generator: dressed people in poses, their surface, their views, shards (`python -m training.people`)
    lifter               landmarks with their true bodies, modelled errors, and the lifter's trainer
    calibrate_landmarks  where the detector's landmarks sit on the skeleton: core/body/fit/places.toml
    field                trains the field: people into plates, losses, the loop (`python -m training.field.train`)
    evaluate             the yardstick: surfaces, albedo and light of every method on people never seen, into docs/RESULTS.md
    baselines            the published networks, from their papers: PIFu, PaMIR
    bench                seconds and memory, and against the published networks (`make bench`)
    evaluate_relight     one person under two lights, and the avatar beside its photo, into docs/RESULTS.md
    evaluate_fit         the fit of the body measured, part by part, on people never seen and on real photos, into docs/RESULTS.md
    evaluate_rig         how much rigs tear their surfaces in other poses, into docs/RESULTS.md
    fit_cases            photographs whose true bodies are known: the yardstick's people, their truth kept beside them
    fit_tables           the tables of the fit's figures

    rocketbox            the people pack: an artist-made person, and that person posed
    motion               motion clips by file name -> a Clip of SMPL poses
    acclaim, deepmimic, bvh   the readers of CMU's, DeepMimic's and MakeHuman's files (core.motion has the rest)
    poses                a sampler of photo-like poses: standing, walking, sitting, arms folded, mocap frames

    photograph           one Cycles photograph: person, world, camera in; picture, mask and true joints out
    stage, set_pieces    what stands in front of Cycles' camera: person, world, ground, wall, seat
    quick_picture        a rasterised picture in a fifth of a second, for the landmark detector
    held_out             what no training may see (held_out.toml), and the cameras and places of what is judged on

    metrics              joint errors and overlap of masks, in plain numpy
    results              docs/RESULTS.md: a section per measurement, with the command that made it
    contact_sheet        a picture to look at: photo, landmarks, fitted body, side view

Frames and dimension letters are core's (see `core/__init__.py`); Blender's Z-up exists in `stage` and `set_pieces` alone.
"""
