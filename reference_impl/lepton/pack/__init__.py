"""Packing: from a model and a recipe to a package whose vectors are proved to discriminate.

Owns the public names of this room. Serves the role producer of the chapter `package`.
"""

from lepton.pack.build import Packed, pack, refuse_existing
from lepton.pack.recipe import Recipe, read_recipe

__all__ = ["Packed", "Recipe", "pack", "read_recipe", "refuse_existing"]
