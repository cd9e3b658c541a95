"""The yardstick: every method measured on the same people, photographs and figures.

    __main__     the command line: the JSON, and a section of docs/RESULTS.md
    validation   the fixed validation set: which people, poses and worlds, by seed; no training may see them
    case         one person of it, with everything the photograph hides
    methods      what is measured: functions (photo, person, body) -> surface and light; the exact and the estimated body
    align        how an estimated surface is brought to the true one before it is measured
    measure      all figures of one result on one person
    geometry     distances, normals, volume, F-score
    mesh         points on meshes, nearest points, the inside of a closed mesh
    pictures     surfaces seen from the photo's side and from behind
    colour       MAE, PSNR, SSIM; the photo as albedo
    texture      true and estimated colours on the body's own UV map
    lights       errors of irradiance and of the dominant direction
    photos       real photos, of which no truth is known
    rows         means over people, baselines over all of them, the tables

Distances are cm in figures and metres everywhere else; colours are sRGB 0..1, lights SH radiance (core.light), frames core's.
"""
