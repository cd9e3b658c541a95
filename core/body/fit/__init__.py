"""The fit of the body to one person: the lifter's answer, refined by an optimisation in parts that can be exchanged.

    correspondence  where each of BlazePose's 33 landmarks sits on the skeleton, and how far off it usually is
    kinematics      landmark points of the skeleton and their derivatives by pose, shape and translation
    skin            points of the skin and their derivatives
    residuals       what the photo says: 2D landmarks, 3D world landmarks
    outline         what the photo says: where the body's edge should lie, by the person's mask
    contact         feet on the ground: measured, not taken
    priors          what bodies are like: joint limits, usual poses, usual shapes, and the lifter's word
    solver          Levenberg-Marquardt over any list of such terms
    start           the first guess
    sides           left and right, where the detector has exchanged them
    guessed         what the photo does not show, in words
    fit             the stage itself

The unknowns are one vector of 85: 24 axis-angle rotations, ten betas, and the translation that carries the body into the camera frame.
"""
