"""Ways to reach a suspect and to read what it answered; one file each. Nothing here ever unpickles."""
