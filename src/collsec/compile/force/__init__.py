"""Force and coercion: interventions, capabilities, sanctions of states."""
