"""The builder-dockerfile plugin: builds apps that bring a Dockerfile."""
