"""Ways to write the same Deployments, a module each: `write(count, folder)` leaves their YAML in the folder."""
