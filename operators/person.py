"""What operators have in common that work on one person of the scene: the selected one, or the only one there is."""

from typing import Any

import bpy

from ..scene.person import person_meant


class OfPerson:
    """Mixed into an operator, gives it a poll that asks for a person, in words.

    to: what the operator is for, as in “Select the person to pose”. why_not: what else stands in the way with this person, in words, or "".
    """

    to: str

    @staticmethod
    def why_not(person: bpy.types.Collection) -> str:
        return ""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        person: Any = person_meant(context)
        reason = cls.why_not(person) if person else f"Select the person {cls.to}: reconstruct or load one first if there is none"
        if reason:
            cls.poll_message_set(reason)  # type: ignore[attr-defined]
        return not reason
