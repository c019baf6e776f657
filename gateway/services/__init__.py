"""What other agencies may ask over X-Road."""
