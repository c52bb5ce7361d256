"""That draws are fair, and that two implementations of the recipe agree."""
