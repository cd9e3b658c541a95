"""The lifter's training: landmarks of people whose pose is known, and the network that learns to undo the detector's errors.

pairs            what a pair is, the detector's part in making one, and their files
quick_people     pairs from people of the pack, rasterised: `python -m training.lifter.quick_people`
composed_people  pairs from composed people of every build, rasterised: `python -m training.lifter.composed_people`
shard_views      pairs from the generator's people: `python -m training.lifter.shard_views`
noise            more pairs than pictures: made-up bodies with the errors of real pairs like them
losses           what training makes small: angles, joints, skin and build
train            `python -m training.lifter.train`
refit            its last layer alone, by least squares, in seconds: `python -m training.lifter.refit`
"""
