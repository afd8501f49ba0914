"""One module a section of the main job's benchmark."""
