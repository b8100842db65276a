"""What every other folder needs: limits, time, waiting, checks. Imports nothing but the public errors, cursors and messages."""
