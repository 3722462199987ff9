"""Telephone audio as the voice process and the portal handle it: G.711, WAV files, recordings sealed at rest."""
