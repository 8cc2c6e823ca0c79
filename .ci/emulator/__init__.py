"""Deploys template.yaml to an AWS emulator and plays a story there; see README.md."""
