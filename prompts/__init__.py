"""What the model reads and writes: prompt files, rendering to token ids, the output document, its grammar."""
