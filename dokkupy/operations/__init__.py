"""The operations of the core, one module per noun; `registry` says what an operation is."""
