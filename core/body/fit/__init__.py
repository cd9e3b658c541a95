"""The fit of the body to one person's landmarks: a plain optimisation in parts that can be exchanged.

    correspondence  where each of BlazePose's 33 landmarks sits on the skeleton, and how far off it usually is
    kinematics      landmark points of the skeleton and their derivatives by pose, shape and translation
    residuals       what the photo says: 2D landmarks, 3D world landmarks
    priors          what bodies are like: joint limits, usual poses, usual shapes
    solver          Levenberg-Marquardt over any list of such terms
    start           the first guess
    fit             the stage itself

The unknowns are one vector of 85: 24 axis-angle rotations, ten betas, and the translation that carries the body into the camera frame.
"""
