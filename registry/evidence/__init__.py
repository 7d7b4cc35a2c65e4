"""Evidence packs and their offline verifier: standard library, numpy, cryptography and rfc8785, and nothing else.

| file | what |
|---|---|
| container.py | the zip, in one canonical form |
| envelope.py | the signed statement: in-toto Statement v1 in a DSSE envelope |
| contents.py | names of members, entries and fields; reading them |
| acquisition.py | the record of how the answers were got |
| case_file.py | a pack as it is read, each part once |
| steps_log.py, steps_verdict.py, steps_controls.py | what is checked |
| examination.py | the numbered recipe and its result |

`python -m registry.evidence PACK --trust POLICY` runs it; `countermark evidence verify` is the same. docs/evidence.md
says what is in a pack, for whom, and what it does not show.
"""
