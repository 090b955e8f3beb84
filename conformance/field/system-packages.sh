#!/bin/sh
# What the field runs need from the system: a Java runtime for TorchServe. On Debian and Ubuntu.
set -eu
command -v java >/dev/null || apt-get install --yes --no-install-recommends openjdk-17-jre-headless
