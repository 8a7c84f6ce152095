"""What dokkupy costs, measured against a floor or a peer within the same run."""
