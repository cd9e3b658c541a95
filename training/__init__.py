"""Synthetic photographs of people whose pose is known, and what is measured on them. Never in the released zip.

    retarget         another skeleton's or rig's bones turned into SMPL's rotations
    motion           motion clips by file name: CMU .amc, DeepMimic .txt -> a Clip of SMPL poses
    motion_file      what can be wrong with a motion file, and where
    acclaim          the reader of CMU's .asf skeletons and .amc motions
    deepmimic        the reader of DeepMimic's clips
    poses            a sampler of photo-like poses: standing, walking, sitting, arms folded, mocap frames
    rocketbox        the people pack: an artist-made person, and that person posed
    photograph       one Cycles photograph: person, world, camera in; picture, mask and true joints out
    stage            what stands in front of Cycles' camera: the person, the world, the camera
    set_pieces       ground, wall and seat
    held_out         photographs of people no training may see: which, posed how, cached on disk
    metrics          joint errors and overlap of masks, in plain numpy
    results          docs/RESULTS.md: a section per measurement, with the command that made it
    evaluate         the yardstick: surfaces, albedo and light of every method on people never seen, into docs/RESULTS.md
    evaluate_fit     the fit of the body measured on such photographs and on real photos, into docs/RESULTS.md
    contact_sheet    a picture to look at: photo, landmarks, fitted body, side view

Frames and dimension letters are core's (see `core/__init__.py`); Blender's Z-up exists in `stage` and `set_pieces` alone.
"""
