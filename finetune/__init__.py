"""Training: base pre-training of the demo model, LoRA fine-tuning, merging and calibration; torch lives only here."""
