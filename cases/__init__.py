"""The nouns of the house: case, verdict, factor, decision, narrative, features, errors."""
