"""From a suspect's answers to one soft value per carrier. Nothing in here can receive a codeword."""
