"""Recipes: a YAML file a job. `mmusset.recipe.load` reads them."""
