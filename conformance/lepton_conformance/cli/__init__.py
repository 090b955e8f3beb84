"""The suite's commands, one module each; `lepton` reaches them through the entry points `lepton.commands`."""
