"""Build what is deployed to AWS Lambda: one small artefact for each function of template.yaml."""
