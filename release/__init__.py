"""Programs that make a release: version, image, licenses. Not part of the package."""
