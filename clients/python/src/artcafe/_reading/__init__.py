"""What arrives: put in order, completed from the log, handed to readers, remembered by the cursor."""
