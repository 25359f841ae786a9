"""synth: formulas and ink to synthetic pages, with truth."""
