"""From which volume another way of buying pays: a fine-tuned model, own GPUs, provisioned throughput, batch."""
