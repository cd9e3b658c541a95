"""Doppel's core: one photo in, an Avatar out. No Blender here, ever.

Two rings. The first needs the standard library and numpy only, so Blender's own process can load it:

    avatar      the Avatar: one person as plain arrays, and its .npz file
    batch       many photos: several workers, what an earlier run made kept, one summary
    blender     Blender as a child process, for the formats only it writes
    camera      a pinhole camera over the body frame
    capacity    how many workers cores and free memory hold
    child       what a child process does before anything else
    command     the command line's words and exit codes
    coverage    which pixels flat triangles cover
    doctor      one page on what is there, what is missing and what to press
    errors      everything that can go wrong for a user, each with a sentence and a hint
    estimate    seconds and memory of a job, before it and while it runs
    folder      the output folder, held by one process at a time
    gutter      colour for a texture's texels that no surface point has
    install     the child that makes the runtime: an environment, its packages, a test of them
    job         the request, the messages of a running job, and report.json
    keeper      the child kept for the next photo, its models loaded
    light       light as spherical harmonics: radiance, irradiance, the neutral light
    memory      free memory, and the most a process has held
    motion      motion files as clips for SMPL's joints: AMASS' .npz, .bvh
    photo_list  which files are photos, and what their results are called
    probe       what packages and devices a Python has
    records     how each photo's results were made, and their checksums
    removal     a runtime deleted: moved aside, then by a child that outlives its parent
    rotations   quaternions, matrices, axis-angle vectors, slerp
    runtime     the installed runtime: its folder, its record, its size
    settings    every option once: default, range, unit, label, tooltip
    setup       the command line's words `doctor` and `setup`
    skeleton    SMPL's 24 joints by name, and forward kinematics
    summary     report.json, report.csv and the contact sheet report.html
    unwrap      a place in a texture for every corner of a mesh's triangles
    weights     weights/index.toml: which file is where, and whether it is intact
    worker      starts the child process and reads its messages

The second ring is reached only in the child process:

    cluster     photos as tasks on a Ray cluster
    run         the child: a request file in, messages on stdout
    pipeline    the way of a photo on one screen
    photo       people in a photo: image, landmarks, mask, crop, focal length
    body        SMPL's body model, its files, the lifter, and the fit to landmarks and outline
    field       the learned field: photo + body -> signed distance, albedo, light
    surface     photo + person + body (+ field) -> a coloured surface, and the light
    rig         skin weights, the rest pose, and welded parts cut apart
    preview     a small picture of an Avatar beside its photo
    texture     the surface's colours as a picture, with the photo's own pixels
    __main__    the command line

Dimension letters in shapes: B batch, V vertices, F faces, J joints, K landmarks, N query points, H W image.

Frames. Body: metres, +X to the person's left, +Y up, +Z out of the chest. Camera: metres, +X right, +Y down, +Z away; pixel (0, 0) is
the corner of the top-left pixel. Rotations in files are axis-angle in radians.
"""

__version__ = "0.1.0"
