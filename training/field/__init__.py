"""Trains the field (`core/field`) on synthetic people.

body_noise  bodies that are wrong as estimated ones are
plates      one photograph of one person, ready for training: pictures, maps, points, and what several bodies say to them
bake        people's shards -> plates (`python -m training.field.bake`)
batch       plates -> batches on the device
augment     batches mirrored, recoloured and with imperfect masks
relight     a plate's person photographed anew under another light
folds       folds in clothes that are modelled smooth
fine        the part of a plate that the detail head learns from
usual_light the lights of the training photographs, as the illumination head knows them
losses      every loss with its weight and reason
patches     sphere tracing through the field: small pictures for PHORHUM's rendering losses
train       the loop: resumable, on a processor or on several GPUs (`python -m training.field.train`)
ablate      the table of what each part is worth (`python -m training.field.ablate`)
sheet       a picture of what the network makes of some plates
"""
