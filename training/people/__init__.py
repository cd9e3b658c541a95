"""Synthetic people with known surface, albedo, body and light, from asset folders: `python -m training.people`.

    character    what the rooms below hand to each other: a dressed person, its shell, a view of it
"""
