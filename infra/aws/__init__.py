"""What only AWS Lambda needs: log lines and metrics as it reads them, the mailbox, the scheduled training."""
