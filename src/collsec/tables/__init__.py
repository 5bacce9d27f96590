"""Tables: raw CSV, checked and typed; nothing joined."""
