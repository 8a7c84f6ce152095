"""The deploy-notes plugin: a note on each deploy, shown to visitors' tools and kept."""
