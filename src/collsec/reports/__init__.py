"""Reports: everything that turns numbers into text and pictures. Reports never compute."""
