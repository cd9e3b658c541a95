"""Motion clips for an SMPL skeleton: files in, rotations of the 24 joints and the pelvis' way out. Numpy only, so Blender can load it.

read        a motion file, told apart by its ending, as a Clip
clip        the Clip, at another frame rate, and at another place
smpl_file   AMASS' and SMPL's .npz
bvh         Biovision's .bvh: the joints, the channels, the frames
bvh_person  which of a .bvh's joints is which of SMPL's, and its motion on another person's bones
retarget    another skeleton's bones turned into SMPL's rotations
text_file   motion files in text, and the one way to say what is wrong with one, and where
"""
