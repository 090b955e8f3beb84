#!/bin/sh
# What the field runs need from the system, on Debian and Ubuntu: a Java runtime for TorchServe; a compiler, CMake and
# a JSON library for the kit in C++; Node.js for the kit in JavaScript.
set -eu
missing=""
command -v java >/dev/null || missing="$missing openjdk-17-jre-headless"
command -v c++ >/dev/null || missing="$missing g++"
command -v cmake >/dev/null || missing="$missing cmake make"
test -e /usr/include/nlohmann/json.hpp || missing="$missing nlohmann-json3-dev"
command -v npm >/dev/null || missing="$missing nodejs npm"
# shellcheck disable=SC2086
test -z "$missing" || apt-get install --yes --no-install-recommends $missing
