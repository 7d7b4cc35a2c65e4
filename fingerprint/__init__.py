"""The science and the evidence: PUF to codeword, signature, scores, verdict. No torch, no database, no web."""
