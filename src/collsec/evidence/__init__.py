"""Evidence: estimates with their verdict, what they rest on, and what a release published."""
