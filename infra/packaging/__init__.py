"""Build the artefacts for AWS Lambda: a small one for each function of template.yaml."""
