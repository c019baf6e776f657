"""The X-Road message protocol 4.0 and its signatures; knows no learner."""
