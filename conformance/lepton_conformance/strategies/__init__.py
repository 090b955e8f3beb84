"""What is sent: tensors, requests, spellings of JSON, and requests that are wrong in one way.

Owns generation, each case decoded from one integer; leaves sending to the suite and answers to `oracle`.
"""
