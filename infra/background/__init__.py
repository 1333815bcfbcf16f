"""Work beside a running application: training, retention, garbage collection."""
