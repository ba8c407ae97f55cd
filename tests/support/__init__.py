"""What tests share: models and plans as text, known optima, and how runs are compared."""
